#include "reconciler/rollout/release_hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway::rollout {
namespace {

api::ReleaseTemplate Parsed(const std::string& json) {
  return api::Decode<api::ReleaseTemplate>(json).value();
}

ReleaseHash Hash(const api::ReleaseTemplate& release) { return HashRelease(release, ""); }

// These are frozen: a change of one of them would restart every application of every user at their next upgrade.
TEST(ReleaseHash, IsFrozen) {
  const struct {
    const char* json;
    const char* hash;
  } kGolden[] = {
      {R"({"processes":[{"name":"web","run":"node server.js"}]})",
       "60b9a97de47606feeb37451a7ccad04797bc17c73b6d075c155ee02e7fe48cde"},
      {R"({"root":"/srv/shop","user":"shop","env":[{"name":"PORT","value":"8080"},{"name":"EMPTY"}],
           "shared":{"dirs":["log"],"files":["config/local.json"]},"install":{"run":"npm ci","timeout":"5m"},
           "test":{"run":"./bin/check-config","timeout":"1m"},
           "processes":[{"name":"web","run":"node server.js","stopTimeout":"30s",
             "health":{"http":{"port":8080,"path":"/healthz"},"minHealthyTime":"5s","deadline":"1m"}},
            {"name":"worker","service":"worker.service"}],"keep":3})",
       "a91d122175927aae7e7b52000242f942b360cdfcc6976c6041d6fe1b55ae2302"},
      {R"({"processes":[{"name":"web","run":"./serve --greeting=\"¡hola!\""}]})",
       "dfc30c91b665aaf5a8cc2a888d8da94aebcbf93a70086f85205bdbe67f915be4"},
  };
  for (const auto& golden : kGolden) {
    EXPECT_EQ(Hash(Parsed(golden.json)).value, golden.hash) << golden.json;
  }
}

TEST(ReleaseHash, AFieldEqualToItsDefaultDoesNotChangeIt) {
  const ReleaseHash plain = Hash(Parsed(R"({"processes":[{"name":"web","run":"serve"}]})"));
  const char* const kSame[] = {
      R"({"processes":[{"name":"web","run":"serve"}],"keep":5})",
      R"({"processes":[{"name":"web","run":"serve","stopTimeout":"10s"}]})",
      R"({"processes":[{"name":"web","run":"serve","health":{}}]})",
      R"({"processes":[{"name":"web","run":"serve","health":{"interval":"1s","deadline":"120s"}}]})",
      R"({"env":[],"processes":[{"run":"serve","name":"web"}]})",
  };
  for (const char* json : kSame) {
    EXPECT_EQ(Hash(Parsed(json)), plain) << json;
  }
}

TEST(ReleaseHash, EverythingThatReachesAServerChangesIt) {
  const ReleaseHash plain = Hash(Parsed(R"({"processes":[{"name":"web","run":"serve"}]})"));
  const char* const kOther[] = {
      R"({"processes":[{"name":"web","run":"serve "}]})",
      R"({"processes":[{"name":"api","run":"serve"}]})",
      R"({"processes":[{"name":"web","run":"serve","stopTimeout":"11s"}]})",
      R"({"processes":[{"name":"web","run":"serve"}],"keep":6})",
      R"({"processes":[{"name":"web","run":"serve"}],"user":"shop"})",
      R"({"processes":[{"name":"web","run":"serve"}],"install":{"run":"make"}})",
      R"({"processes":[{"name":"web","run":"serve"}],"env":[{"name":"A","value":""}]})",
  };
  for (const char* json : kOther) {
    EXPECT_NE(Hash(Parsed(json)), plain) << json;
  }
}

TEST(ReleaseHash, TheOrderOfProcessesIsPartOfTheRelease) {
  EXPECT_NE(Hash(Parsed(R"({"processes":[{"name":"a","run":"x"},{"name":"b","run":"x"}]})")),
            Hash(Parsed(R"({"processes":[{"name":"b","run":"x"},{"name":"a","run":"x"}]})")));
}

TEST(ReleaseHash, TheFolderThatItIsMadeOfIsAnotherRelease) {
  const api::ReleaseTemplate release = Parsed(R"({"processes":[{"name":"web","run":"serve"}]})");
  EXPECT_NE(HashRelease(release, "services/shop"), Hash(release));
  EXPECT_NE(HashRelease(release, "services/shop"), HashRelease(release, "services/api"));
}

}  // namespace
}  // namespace slipway::rollout
