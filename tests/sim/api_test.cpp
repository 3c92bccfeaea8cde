#include "tests/sim/api.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "tests/sim/loop.hpp"

// The fake is as strict as the real one: what comes late, for another object or an older one, changes nothing.
namespace slipway::sim {
namespace {

using Json = nlohmann::json;

const Key kFleet{.kind = Kind::kFleet, .ns = "default", .name = "web"};

/// A fleet that was made, deleted, made again, and changed.
class FakeApiTest : public ::testing::Test {
 protected:
  FakeApiTest() {
    first_ = MetadataOf(Create());
    EXPECT_TRUE(api_.Delete(kFleet, {}, Writer::kPerson).has_value());
    old_ = MetadataOf(Create());
    now_ = MetadataOf(Merge({{"labels", {{"a", "b"}}}}));
  }

  Result<Bytes> Create() {
    return api_.Create(kFleet, R"({"metadata":{},"spec":{}})", Writer::kPerson);
  }
  Result<Bytes> Merge(const Json& metadata) {
    return api_.Merge(kFleet, Json{{"metadata", metadata}}.dump(), Writer::kGarbage);
  }
  static Json MetadataOf(const Result<Bytes>& object) {
    return ReadJson(*object.value())["metadata"];
  }
  /// That it was refused, and nothing changed.
  void ExpectConflict(const Result<Bytes>& answer) {
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Code::kConflict);
    EXPECT_EQ(MetadataOf(api_.Get(kFleet)), now_);
  }

  Loop loop_;
  FakeApi api_{loop_};
  // The fleet's metadata.
  Json first_;  ///< before it was deleted
  Json old_;    ///< before it was changed
  Json now_;
};

TEST_F(FakeApiTest, AMergePatchOfAnotherObjectOrAnOlderOneIsAConflict) {
  ExpectConflict(Merge({{"uid", first_["uid"]}, {"labels", nullptr}}));
  ExpectConflict(Merge({{"resourceVersion", old_["resourceVersion"]}, {"labels", nullptr}}));
  const auto patched = Merge(
      {{"uid", now_["uid"]}, {"resourceVersion", now_["resourceVersion"]}, {"labels", nullptr}});
  ASSERT_TRUE(patched.has_value());
  EXPECT_FALSE(MetadataOf(patched).contains("labels"));
}

TEST_F(FakeApiTest, ADeletionOfAnotherObjectOrAnOlderOneIsAConflict) {
  objects::DeleteRequest other;
  other.uid = first_["uid"];
  ExpectConflict(api_.Delete(kFleet, other, Writer::kGarbage));
  objects::DeleteRequest older;
  older.resource_version = old_["resourceVersion"];
  ExpectConflict(api_.Delete(kFleet, older, Writer::kGarbage));
  objects::DeleteRequest this_one;
  this_one.uid = now_["uid"];
  this_one.resource_version = now_["resourceVersion"];
  EXPECT_TRUE(api_.Delete(kFleet, this_one, Writer::kGarbage).has_value());
}

}  // namespace
}  // namespace slipway::sim
