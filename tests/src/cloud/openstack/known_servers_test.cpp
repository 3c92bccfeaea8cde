#include "src/cloud/openstack/known_servers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud::openstack {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(KnownServers, WhoLacksIsAskedForAndWhoIsGoneIsForgotten) {
  KnownServers known;
  std::vector<std::string> asked;
  std::set<std::string> there = {"d"};
  const auto check = [&](const std::set<std::string>& listed) {
    asked.clear();
    return known.CheckMissing(listed, [&](const std::string& id) -> Result<void> {
      asked.push_back(id);
      return there.contains(id) ? Fail(Code::kInvalid, "it lacks " + id)
                                : Trouble(Code::kNotFound, "InvalidRequest", "no such server");
    });
  };
  EXPECT_TRUE(check({"a"}).has_value());
  EXPECT_THAT(asked, IsEmpty()) << "nothing is known yet";
  known.Replace({"a", "b", "c", "d", "e"});
  EXPECT_TRUE(check({"a", "b", "c", "d", "e", "f"}).has_value());
  EXPECT_THAT(asked, IsEmpty());
  const auto lacking = check({"a", "b"});
  ASSERT_FALSE(lacking.has_value());
  EXPECT_EQ(lacking.error().message, "it lacks d");
  EXPECT_THAT(asked, ElementsAre("c", "d"));
  EXPECT_FALSE(check({"a", "b"}).has_value()) << "it is still missed";
  EXPECT_THAT(asked, ElementsAre("d")) << "c is not asked for again";
  there.clear();
  EXPECT_TRUE(check({"a", "b"}).has_value());
  EXPECT_THAT(asked, ElementsAre("d", "e"));
}

TEST(KnownServers, OnlyTheProviderSaysWhoIsGone) {
  KnownServers known;
  known.Replace({"a"});
  const auto check = [&] {
    return known.CheckMissing(
        {}, [](const std::string& /*id*/) { return Fail(Code::kNotFound, "no clouds.yaml"); });
  };
  EXPECT_FALSE(check().has_value());
  EXPECT_FALSE(check().has_value()) << "it is still known";
}

}  // namespace
}  // namespace slipway::cloud::openstack
