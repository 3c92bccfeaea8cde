#include "src/garbage/collector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/src/garbage/collector_world.hpp"

namespace slipway::garbage {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;
using Propagation = objects::DeleteRequest::Propagation;

/// `owner`, its dependent `child`, and `grandchild`; what depends blocks.
void MakeFamily(CollectorWorld& world) {
  world.Make("owner");
  world.Make("child", {world.Owner("owner", true)});
  world.Make("grandchild", {world.Owner("child", true)});
}

TEST(Collector, InTheBackgroundDependentsGoAfterTheirOwner) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  EXPECT_THAT(world.store.asked, IsEmpty()) << "all have owners";
  world.Delete("owner");
  world.Settle();
  EXPECT_THAT(world.Names(), IsEmpty());
  EXPECT_THAT(world.store.asked, ElementsAre("delete child", "delete grandchild"));
  EXPECT_EQ(world.collector->collected(), 2U);
}

TEST(Collector, InTheForegroundTheyGoBeforeIt) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.Delete("owner", Propagation::kForeground);
  world.Settle();
  EXPECT_THAT(world.Names(), IsEmpty());
  EXPECT_THAT(world.store.asked,
              ElementsAre("update child", "delete grandchild", "delete child", "delete owner"));
}

TEST(Collector, OrphansStayWithoutIt) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.Delete("owner", Propagation::kOrphan);
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("child", "grandchild"));
  EXPECT_FALSE(world.Get("child")["metadata"].contains("ownerReferences"));
  EXPECT_THAT(world.store.asked, ElementsAre("update child", "delete owner"));
}

TEST(Collector, WhatHappenedBeforeItsStartIsCollectedToo) {
  CollectorWorld world;
  MakeFamily(world);
  world.Delete("owner");
  world.Start();
  world.Settle();
  EXPECT_THAT(world.Names(), IsEmpty());
}

TEST(Collector, WritesThatFailAreTriedAgainEverLater) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.store.SetFaults({.unknown_not_applied = 100});
  world.Delete("owner");
  world.RunUntil([&] { return world.troubles.size() == 3; });
  EXPECT_THAT(world.troubles[2], HasSubstr("configmaps default/child: injected"));
  EXPECT_GE(world.when[1] - world.when[0], std::chrono::milliseconds(19));
  EXPECT_GE(world.when[2] - world.when[1], std::chrono::milliseconds(39));
  world.store.SetFaults({});
  world.RunUntil([&] { return world.Names().empty(); });
  EXPECT_THAT(world.troubles, SizeIs(3));
}

TEST(Collector, ManyWritesOfOneVerdictThatFailAreOneFailure) {
  CollectorWorld world(1, std::chrono::minutes(5));
  world.Make("owner");
  for (int i = 0; i < 20; ++i) {
    world.Make("child-" + std::to_string(i), {world.Owner("owner")});
  }
  world.Start();
  world.Settle();
  world.store.SetFaults({.unknown_not_applied = 100});
  world.Delete("owner", Propagation::kOrphan);
  world.Settle();
  EXPECT_THAT(world.store.asked, SizeIs(20));
  EXPECT_THAT(world.troubles, ElementsAre(HasSubstr("configmaps default/owner: injected")));
}

TEST(Collector, AWriteThatWasMadeAndIsCalledAFailureIsOne) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.store.SetFaults({.unknown_applied = 100});
  world.Delete("owner", Propagation::kForeground);
  world.RunUntil([&] { return world.Names().empty(); });
  EXPECT_THAT(world.store.asked,
              ElementsAre("update child", "delete grandchild", "delete child", "delete owner"));
}

TEST(Collector, ReadsThatFailAreTriedAgain) {
  CollectorWorld world;
  MakeFamily(world);
  world.Delete("owner");
  world.store.SetFaults({.unavailable = 100});
  world.Start();
  world.RunUntil([&] { return world.troubles.size() == 2; });
  EXPECT_THAT(world.troubles[0], HasSubstr("not available"));
  EXPECT_GE(world.when[1] - world.when[0], std::chrono::milliseconds(19));
  EXPECT_THAT(world.store.asked, IsEmpty());
  world.store.SetFaults({});
  world.RunUntil([&] { return world.Names().empty(); });
}

TEST(Collector, AWatchThatExpiresIsNoTroubleAndNothingIsMissed) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.Delete("owner");
  ASSERT_TRUE(world.others.store.Compact(world.others.store.CurrentRevision().value()).has_value());
  world.Settle();
  EXPECT_THAT(world.Names(), IsEmpty());
  EXPECT_THAT(world.troubles, IsEmpty());
}

TEST(Collector, WatchesThatAlwaysExpireAreMadeAnewAfterAPause) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.store.SetFaults({.watch_closed = 100});
  world.Delete("owner");
  world.RunUntil([&] { return world.troubles.size() == 2; });
  EXPECT_GE(world.when[1] - world.when[0], std::chrono::milliseconds(19));
  EXPECT_THAT(world.store.asked, IsEmpty()) << "by half of the news nothing is judged";
  world.store.SetFaults({});
  world.RunUntil([&] { return world.Names().empty(); });
}

TEST(Collector, StopWaitsForWritesThatAreUnderWayAndBeginsNoOther) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.store.SetFaults({.delayed = 100});
  world.Delete("owner");
  world.Settle();
  bool stopped = false;
  world.collector->Stop([&] { stopped = true; });
  world.Settle();
  EXPECT_FALSE(stopped);
  ASSERT_TRUE(world.store.Release());
  world.Settle();
  EXPECT_TRUE(stopped);
  EXPECT_THAT(world.Names(), ElementsAre("grandchild"));
}

TEST(Collector, StopDoesNotWaitForTheEndOfAPause) {
  for (const bool before : {false, true}) {
    CollectorWorld world(1, std::chrono::hours(1));
    world.store.SetFaults({.unavailable = 100});
    world.Start();
    if (!before) {
      world.Settle();
      ASSERT_THAT(world.troubles, SizeIs(1));
    }
    bool stopped = false;
    world.collector->Stop([&] { stopped = true; });
    world.Settle();
    EXPECT_TRUE(stopped) << before;
  }
}

/// An owner of one kind whose dependent is of a kind that is listed later would lose it.
TEST(Collector, AStopWhileItStillListsLetsNobodyGo) {
  for (std::size_t steps = 0; steps < 100; ++steps) {
    CollectorWorld world;
    world.Make("owner");
    const auto secrets = apiserver::PathTo("secrets");
    const json metadata = {{"name", "child"},
                           {"ownerReferences", json::array({world.Owner("owner")})}};
    ASSERT_TRUE(world.others.Create(secrets, {{"metadata", metadata}}).has_value());
    world.Delete("owner", Propagation::kOrphan);
    world.Start();
    world.Run(steps);
    world.collector->Stop([] {});
    world.Settle();
    const json child = world.others.Get(apiserver::PathTo("secrets", "child"));
    EXPECT_TRUE(!world.Names().empty() || !child["metadata"].contains("ownerReferences")) << steps;
  }
}

TEST(Collector, ADependentThatComesWhileItsOwnerWaitsGoesFirstToo) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.store.before = "delete child";
  world.store.meddle = [&] { world.Make("late", {world.Owner("owner", true)}); };
  world.Delete("owner", Propagation::kForeground);
  world.Settle();
  EXPECT_THAT(world.Names(), IsEmpty());
  EXPECT_THAT(world.store.asked, ElementsAre("update child", "delete grandchild", "delete child",
                                             "delete late", "delete owner"));
}

TEST(Collector, ADependentThatComesAfterItsOwnerWentGoesToo) {
  CollectorWorld world;
  world.Make("owner");
  const json owner = world.Owner("owner");
  world.Start();
  world.Settle();
  world.Delete("owner");
  world.Settle();
  world.Make("late", {owner});
  world.Settle();
  EXPECT_THAT(world.Names(), IsEmpty());
}

/// What befalls `child` right before a write of the collector that its verdict did not know of.
void Meddle(CollectorWorld& world, const std::string& before, std::function<void()> with) {
  MakeFamily(world);
  world.Make("other");
  world.Start();
  world.Settle();
  world.store.before = before;
  world.store.meddle = std::move(with);
}

TEST(Collector, WhatLostItsOwnerReferenceMeanwhileIsNotDeleted) {
  CollectorWorld world;
  Meddle(world, "delete child", [&] { world.SetOwners("child", {}); });
  world.Delete("owner");
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("child", "grandchild", "other"));
  EXPECT_THAT(world.store.asked, ElementsAre("delete child"));
  EXPECT_THAT(world.troubles, IsEmpty());
}

TEST(Collector, WhatWasMadeAnewMeanwhileIsNotDeleted) {
  CollectorWorld world;
  Meddle(world, "delete child", [&] {
    world.Delete("child");
    world.Make("child");
  });
  world.Delete("owner");
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("child", "other"));
  EXPECT_FALSE(world.Get("child")["metadata"].contains("deletionTimestamp"));
}

TEST(Collector, WhatWasMadeAnewMeanwhileKeepsItsOwners) {
  CollectorWorld world;
  Meddle(world, "update child", [&] {
    world.Delete("child");
    world.Make("child", {world.Owner("other")});
  });
  world.Delete("owner", Propagation::kOrphan);
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("child", "other"));
  EXPECT_EQ(world.Get("child")["metadata"]["ownerReferences"], json::array({world.Owner("other")}));
}

TEST(Collector, WhoGotAnotherOwnerMeanwhileKeepsIt) {
  CollectorWorld world;
  Meddle(world, "update child", [&] {
    world.SetOwners("child", {world.Owner("owner"), world.Owner("other")});
  });
  world.Delete("owner", Propagation::kOrphan);
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("child", "grandchild", "other"));
  EXPECT_EQ(world.Get("child")["metadata"]["ownerReferences"], json::array({world.Owner("other")}));
}

TEST(Collector, WhatChangedOtherwiseMeanwhileIsDeletedAsItIsThen) {
  CollectorWorld world;
  Meddle(world, "delete child", [&] { world.Label("child"); });
  world.Delete("owner");
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("other"));
  EXPECT_THAT(world.store.asked, ElementsAre("delete child", "delete child", "delete grandchild"));
  EXPECT_THAT(world.troubles, IsEmpty());
}

TEST(Collector, AnOwnerThatIsThereAgainUnderItsNameIsAnotherOne) {
  CollectorWorld world;
  MakeFamily(world);
  world.Start();
  world.Settle();
  world.Delete("owner");
  world.Make("owner");
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("owner"));
}

TEST(Collector, ACircleStaysUntilOneOfItGoes) {
  for (const bool blocks : {false, true}) {
    for (const Propagation policy : {Propagation::kBackground, Propagation::kForeground}) {
      CollectorWorld world;
      world.Make("a");
      world.Make("b", {world.Owner("a", blocks)});
      world.Make("c", {world.Owner("b", blocks)});
      world.SetOwners("a", {world.Owner("c", blocks)});
      world.Start();
      world.Settle();
      EXPECT_THAT(world.Names(), ElementsAre("a", "b", "c"));
      world.Delete("b", policy);
      world.Settle();
      EXPECT_THAT(world.Names(), IsEmpty());
    }
  }
}

/// As in Kubernetes: an owner is looked for in the namespace of the dependent.
TEST(Collector, AnOwnerOfAnotherNamespaceIsNone) {
  CollectorWorld world;
  ASSERT_TRUE(world.others.Create(apiserver::PathTo("namespaces"), {{"metadata", {{"name", "b"}}}})
                  .has_value());
  world.Make("owner");
  world.Make("elsewhere", {world.Owner("owner", true)}, "b");
  world.Make("free", {}, "b");
  world.Start();
  world.Settle();
  EXPECT_THAT(world.Names(), ElementsAre("free", "owner"));
}

TEST(Collector, WhatHasNoNamespaceIsNotJudgedByAnOwnerWithOne) {
  CollectorWorld world;
  world.Make("owner");
  const json metadata = {{"name", "b"}, {"ownerReferences", json::array({world.Owner("owner")})}};
  ASSERT_TRUE(
      world.others.Create(apiserver::PathTo("namespaces"), {{"metadata", metadata}}).has_value());
  world.Start();
  world.Delete("owner");
  world.Settle();
  EXPECT_FALSE(world.others.Get(apiserver::PathTo("namespaces", "b"))["metadata"].contains(
      "deletionTimestamp"));
}

/// Objects `n0` to `n15`, each with owners among those before it; some go in some way, while everything fails now and then.
/// Returns those that must stay: they never had an owner, and nobody deleted them.
std::set<std::string> LiveThroughTrouble(CollectorWorld& world, Rng& rng) {
  std::set<std::string> stay;
  world.Start();
  for (int i = 0; i < 16; ++i) {
    CollectorWorld::Owners owners;
    for (int owner = 0; owner < i; ++owner) {
      const std::string name = "n" + std::to_string(owner);
      if (rng.Chance(25) && !world.Get(name).is_null()) {
        owners.push_back(world.Owner(name, rng.Chance(50)));
      }
    }
    world.Make("n" + std::to_string(i), owners);
    if (owners.empty()) {
      stay.insert("n" + std::to_string(i));
    }
    world.Run(rng.Below(20));
  }
  for (int i = 0; i < 4; ++i) {
    const std::string name = "n" + std::to_string(rng.Below(16));
    if (!world.Get(name).is_null()) {
      world.Delete(name, static_cast<Propagation>(rng.Below(3)));
      stay.erase(name);
    }
    world.Run(rng.Below(200));
    world.store.Release();
  }
  return stay;
}

bool EveryoneHasItsOwners(const CollectorWorld& world) {
  std::set<std::string> there;
  for (const json& object : world.All()) {
    there.insert(object["metadata"]["uid"]);
  }
  bool good = true;
  for (const json& object : world.All()) {
    good = good && !object["metadata"].contains("deletionTimestamp");
    for (const json& owner : object["metadata"].value("ownerReferences", json::array())) {
      good = good && there.contains(owner["uid"]);
    }
  }
  return good;
}

TEST(Collector, WhateverFailsEverythingIsAsItShouldBeInTheEnd) {
  std::size_t troubles = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CollectorWorld world(seed, std::chrono::milliseconds(1));
    world.store.SetFaults({.conflict = 10,
                           .unavailable = 5,
                           .unknown_applied = 5,
                           .unknown_not_applied = 5,
                           .delayed = 5,
                           .compacted = 2,
                           .watch_closed = 2});
    Rng rng(seed);
    const std::set<std::string> stay = LiveThroughTrouble(world, rng);
    world.store.SetFaults({});
    world.RunUntil([&] { return !world.store.Release() && EveryoneHasItsOwners(world); });
    world.Settle();
    EXPECT_TRUE(EveryoneHasItsOwners(world)) << seed;
    EXPECT_THAT(world.Names(), IsSupersetOf(stay)) << seed;
    troubles += world.troubles.size();
  }
  EXPECT_GT(troubles, 40U);
}

}  // namespace
}  // namespace slipway::garbage
