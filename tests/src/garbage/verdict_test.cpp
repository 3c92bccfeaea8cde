#include "src/garbage/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "tests/src/garbage/nodes.hpp"

namespace slipway::garbage {
namespace {

using nlohmann::json;
using objects::kForegroundFinalizer;
using objects::kOrphanFinalizer;
using testing::ElementsAre;
using testing::IsEmpty;

/// Owners by name; those of whom nothing is said are absent.
class Verdict : public testing::Test {
 protected:
  void Add(const Node& node) { graph_.Put(node); }

  /// What is to be done about an object: `delete NAME POLICY`, or `patch NAME FIELD VALUE`.
  std::vector<std::string> Of(const std::string& name) {
    const auto look_up = [this](const Owner& owner, const Place&) -> Result<Standing> {
      return standings_.contains(owner.name) ? standings_.at(owner.name) : Standing::kAbsent;
    };
    const auto judged = Judge(graph_, *graph_.Find(Map(name).place), look_up);
    std::vector<std::string> all;
    for (const Step& step : judged.value()) {
      EXPECT_EQ(step.uid, step.place.name);
      EXPECT_EQ(step.revision, 7);
      all.push_back(Describe(step));
    }
    return all;
  }

  static std::string Describe(const Step& step) {
    if (step.patch.empty()) {
      const std::array<const char*, 3> names = {"Background", "Foreground", "Orphan"};
      return "delete " + step.place.name + " " +
             names.at(static_cast<std::size_t>(*step.propagation));
    }
    json metadata = ReadJson(step.patch)["metadata"];
    EXPECT_EQ(metadata["uid"], step.uid);
    EXPECT_EQ(metadata["resourceVersion"], "7");
    metadata.erase("uid");
    metadata.erase("resourceVersion");
    for (json& owner : metadata["ownerReferences"]) {
      owner =
          owner["name"].get<std::string>() + (owner.value("blockOwnerDeletion", false) ? "!" : "");
    }
    if (metadata["ownerReferences"].is_null() && metadata.contains("finalizers")) {
      metadata.erase("ownerReferences");
    }
    return "patch " + step.place.name + " " + PrintJson(metadata);
  }

  OwnerGraph graph_;
  std::map<std::string, Standing> standings_;
};

TEST_F(Verdict, WhoHasAnOwnerStays) {
  Add(Map("child", {By("owner")}));
  standings_["owner"] = Standing::kAlive;
  EXPECT_THAT(Of("child"), IsEmpty());
}

TEST_F(Verdict, WhoHasNoneGoesAsItsFinalizersSay) {
  Add(Map("child", {By("owner"), By("other")}));
  EXPECT_THAT(Of("child"), ElementsAre("delete child Background"));
  Node said = Map("child", {By("owner")});
  said.finalizers = {kOrphanFinalizer};
  Add(said);
  EXPECT_THAT(Of("child"), ElementsAre("delete child Orphan"));
  said.finalizers = {kForegroundFinalizer};
  Add(said);
  EXPECT_THAT(Of("child"), ElementsAre("delete child Foreground"));
}

TEST_F(Verdict, AbsentOwnersAreForgottenWhileOneLives) {
  Add(Map("child", {By("gone"), BlockedBy("alive"), BlockedBy("waits")}));
  standings_ = {{"alive", Standing::kAlive}, {"waits", Standing::kMakesWay}};
  EXPECT_THAT(Of("child"), ElementsAre(R"(patch child {"ownerReferences":["alive!"]})"));
}

TEST_F(Verdict, NothingIsDoneWhereOneOwnerCannotBeJudged) {
  Add(Map("child", {By("gone"), By("foreign")}));
  standings_["foreign"] = Standing::kUnknown;
  EXPECT_THAT(Of("child"), IsEmpty());
  const auto broken = [](const Owner&, const Place&) -> Result<Standing> {
    return Fail(Code::kUnavailable, "the disk");
  };
  EXPECT_EQ(Judge(graph_, *graph_.Find(Map("child").place), broken).error().message, "the disk");
}

TEST_F(Verdict, InTheForegroundDependentsWithDependentsWaitToo) {
  Add(Map("child", {BlockedBy("owner")}));
  standings_["owner"] = Standing::kMakesWay;
  EXPECT_THAT(Of("child"), ElementsAre("delete child Background"));
  Add(Map("grandchild", {By("child")}));
  EXPECT_THAT(Of("child"), ElementsAre("delete child Foreground"));
}

TEST_F(Verdict, ACircleIsOpened) {
  Add(Map("child", {BlockedBy("owner")}));
  Add(Deleted("owner", kForegroundFinalizer, {BlockedBy("child")}));
  standings_["owner"] = Standing::kMakesWay;
  EXPECT_THAT(Of("child"), ElementsAre(R"(patch child {"ownerReferences":["owner"]})"));
  Add(Map("child", {By("owner")}));
  EXPECT_THAT(Of("child"), ElementsAre("delete child Foreground"));
  EXPECT_THAT(Of("owner"), ElementsAre(R"(patch owner {"finalizers":null})"));
}

TEST_F(Verdict, AnOwnerIsHeldByThoseThatBlockAlone) {
  Node owner = Deleted("owner", kForegroundFinalizer);
  owner.finalizers.emplace_back("a/b");
  Add(owner);
  Add(Map("free", {By("owner")}));
  Add(Map("held", {BlockedBy("owner")}));
  EXPECT_THAT(Of("owner"), IsEmpty());
  graph_.Remove(Map("held").place, "held");
  EXPECT_THAT(Of("owner"), ElementsAre(R"(patch owner {"finalizers":["a/b"]})"));
}

TEST_F(Verdict, OrphansLoseTheReferenceBeforeTheOwnerGoes) {
  Add(Deleted("owner", kOrphanFinalizer));
  Add(Map("a", {By("owner"), By("other")}));
  Add(Map("b", {By("owner")}));
  EXPECT_THAT(Of("owner"), ElementsAre(R"(patch a {"ownerReferences":["other"]})",
                                       R"(patch b {"ownerReferences":null})"));
  Add(Map("a", {By("other")}));
  Add(Map("b"));
  EXPECT_THAT(Of("owner"), ElementsAre(R"(patch owner {"finalizers":null})"));
}

TEST_F(Verdict, ManyOrphansAreNotWrittenAllAtOnce) {
  Add(Deleted("owner", kOrphanFinalizer));
  for (int i = 0; i < 100; ++i) {
    Add(Map("child-" + std::to_string(i), {By("owner")}));
  }
  EXPECT_EQ(Of("owner").size(), 64U);
}

TEST_F(Verdict, WhatIsBeingDeletedIsLeftAlone) {
  Add(Deleted("child", "a/b", {By("gone")}));
  EXPECT_THAT(Of("child"), IsEmpty());
}

TEST(StandingOf, OwnersAreToldApartByUid) {
  Owner owner = By("owner");
  EXPECT_EQ(StandingOf(nullptr, owner), Standing::kAbsent);
  Node node = Map("owner");
  EXPECT_EQ(StandingOf(&node, owner), Standing::kAlive);
  node = Deleted("owner", kOrphanFinalizer);
  EXPECT_EQ(StandingOf(&node, owner), Standing::kAlive);
  node = Deleted("owner", kForegroundFinalizer);
  EXPECT_EQ(StandingOf(&node, owner), Standing::kMakesWay);
  owner.uid = "another";
  EXPECT_EQ(StandingOf(&node, owner), Standing::kAbsent);
}

}  // namespace
}  // namespace slipway::garbage
