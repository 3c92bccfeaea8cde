#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "tests/src/apiserver/home.hpp"

namespace slipway::apiserver {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

/// Six large objects, a to f, of which b and e are of the database.
class PiecewiseListTest : public testing::Test {
 protected:
  PiecewiseListTest() {
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
      Make(name, *name == 'b' || *name == 'e' ? "db" : "web");
    }
  }
  void Make(const std::string& name, const std::string& tier) {
    const json object = {{"metadata", {{"name", name}, {"labels", {{"tier", tier}}}}},
                         {"data", {{"key", std::string(700 << 10, 'x')}}}};
    const auto written = home_.Create(PathTo("configmaps"), object);
    ASSERT_TRUE(written.has_value()) << written.error().message;
  }
  static std::vector<std::string> Names(const std::vector<Object>& objects) {
    std::vector<std::string> names;
    for (const Object& object : objects) {
      names.push_back(ReadJson(object.Text())["metadata"]["name"]);
    }
    return names;
  }
  ObjectList List(ListOptions options = {}) {
    options.piece_by_piece = true;
    return home_.registry.List(PathTo("configmaps"), options).value();
  }

  Home home_;
};

TEST_F(PiecewiseListTest, IsOnePictureWhateverHappensMeanwhile) {
  const ObjectList list = List();
  EXPECT_THAT(Names(list.items), ElementsAre("a", "b"));
  ASSERT_TRUE(list.more);
  EXPECT_TRUE(list.continue_token.empty());
  ASSERT_TRUE(home_.Delete(PathTo("configmaps", "d")).has_value());
  Make("cc", "web");
  EXPECT_THAT(Names(list.more().value()), ElementsAre("c", "d"));
  EXPECT_THAT(Names(list.more().value()), ElementsAre("e", "f"));
  EXPECT_THAT(list.more().value(), IsEmpty());
  EXPECT_THAT(list.more().value(), IsEmpty()) << "also later";
  EXPECT_LT(list.revision, List().revision);
}

TEST_F(PiecewiseListTest, OnlyWhatIsSelectedIsShown) {
  const ObjectList list = List({.selectors = {.label = "tier=db"}});
  EXPECT_THAT(Names(list.items), ElementsAre("b"));
  EXPECT_THAT(Names(list.more().value()), ElementsAre("e"));
  EXPECT_THAT(list.more().value(), IsEmpty());
  const ObjectList none = List({.selectors = {.label = "tier=mail"}});
  EXPECT_THAT(none.items, IsEmpty());
  EXPECT_FALSE(none.more) << "all was looked at";
}

TEST_F(PiecewiseListTest, WhatMayBeCompactedAtAnyMomentIsReadAtOnce) {
  const ObjectList list = List();
  const auto exact = List({.revision = list.revision});
  EXPECT_THAT(Names(exact.items), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_FALSE(exact.more);
  const auto page = List({.limit = 2});
  EXPECT_FALSE(page.more);
  EXPECT_EQ(page.remaining, 4);
  const auto rest = List({.continue_token = page.continue_token});
  EXPECT_THAT(Names(rest.items), ElementsAre("c", "d", "e", "f"));
  EXPECT_FALSE(rest.more);
}

TEST_F(PiecewiseListTest, CompactionIsAnErrorAndNeverAnEnd) {
  const ObjectList list = List();
  Make("g", "web");
  ASSERT_TRUE(home_.store.Compact(home_.store.CurrentRevision().value()).has_value());
  for (int i = 0; i < 2; ++i) {
    const auto further = list.more();
    ASSERT_FALSE(further.has_value());
    EXPECT_EQ(further.error().code, Code::kExpired);
  }
}

}  // namespace
}  // namespace slipway::apiserver
