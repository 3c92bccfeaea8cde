#include "src/garbage/owner_graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/garbage/nodes.hpp"

namespace slipway::garbage {
namespace {

using objects::kForegroundFinalizer;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> NamesOf(const OwnerGraph::Places& places) {
  std::vector<std::string> names;
  for (const Place& place : places) {
    names.push_back(place.name);
  }
  return names;
}

std::vector<std::string> DependentsOf(const OwnerGraph& graph, const std::string& uid) {
  std::vector<std::string> names;
  for (const Node* node : graph.DependentsOf(uid, 100)) {
    names.push_back(node->place.name);
  }
  return names;
}

apiserver::Object Stored(const std::string& metadata) {
  return {std::make_shared<const std::string>(
              R"({"apiVersion":"v1","kind":"ConfigMap","metadata":)" + metadata + "}"),
          12};
}

TEST(OwnerGraph, ReadsWhatMatters) {
  const auto object = Stored(
      R"({"name":"a","namespace":"default","uid":"u","deletionTimestamp":"x","finalizers":["orphan","b/c"],)"
      R"("ownerReferences":[{"apiVersion":"v1","kind":"Secret","name":"s","uid":"v","controller":true,"blockOwnerDeletion":false}]})");
  EXPECT_TRUE(OwnerGraph::MayHold(object));
  const Node node = ReadNode(*objects::FindByKind("v1", "ConfigMap"), object).value();
  EXPECT_EQ(node.place, (Place{objects::FindByKind("v1", "ConfigMap"), "default", "a"}));
  EXPECT_EQ(node.uid, "u");
  EXPECT_EQ(node.revision, 12);
  EXPECT_TRUE(node.Waits());
  EXPECT_FALSE(node.WaitsForEnd());
  ASSERT_EQ(node.owners.size(), 1U);
  EXPECT_EQ(node.owners[0].kind + node.owners[0].name + node.owners[0].uid, "Secretsv");
  EXPECT_EQ(node.owners[0].controller, true);
  EXPECT_EQ(node.owners[0].blocks, false);
  EXPECT_FALSE(OwnerGraph::MayHold(Stored(R"({"name":"a"})")));
  EXPECT_FALSE(ReadNode(*objects::FindByKind("v1", "ConfigMap"),
                        {std::make_shared<const std::string>("{"), 1})
                   .has_value());
}

TEST(OwnerGraph, HoldsOnlyWhatHasOwnersOrWaits) {
  OwnerGraph graph;
  EXPECT_THAT(graph.Put(Map("plain")), IsEmpty());
  EXPECT_EQ(graph.Find(Map("plain").place), nullptr);
  EXPECT_FALSE(graph.HoldsKind(Map("plain").place.kind));
  EXPECT_THAT(NamesOf(graph.Put(Map("child", {By("owner")}))), ElementsAre("child"));
  EXPECT_TRUE(graph.HoldsKind(Map("plain").place.kind));
  EXPECT_THAT(NamesOf(graph.All()), ElementsAre("child"));
  EXPECT_THAT(graph.Put(Map("child")), IsEmpty());
  EXPECT_THAT(graph.All(), IsEmpty());
  EXPECT_FALSE(graph.HoldsKind(Map("plain").place.kind));
}

TEST(OwnerGraph, DependentsAreLookedAtWhenTheirOwnerGoes) {
  OwnerGraph graph;
  graph.Put(Map("b", {By("owner")}));
  graph.Put(Map("a", {By("other"), By("owner"), By("owner")}));
  EXPECT_THAT(DependentsOf(graph, "owner"), ElementsAre("a", "b"));
  EXPECT_THAT(NamesOf(graph.Remove(Map("owner").place, "owner")), ElementsAre("a", "b"));
  graph.Put(Map("a", {By("other")}));
  EXPECT_THAT(DependentsOf(graph, "owner"), ElementsAre("b"));
  graph.Remove(Map("b").place, "b");
  EXPECT_THAT(DependentsOf(graph, "owner"), IsEmpty());
}

TEST(OwnerGraph, AChangeOfWhatDoesNotMatterIsNoReasonToLook) {
  OwnerGraph graph;
  Node child = Map("child", {By("owner")});
  graph.Put(child);
  ++child.revision;
  EXPECT_THAT(graph.Put(child), IsEmpty());
  EXPECT_EQ(graph.Find(child.place)->revision, child.revision);
}

TEST(OwnerGraph, KnowsWhoIsToBeGoneBeforeAnOwner) {
  OwnerGraph graph;
  graph.Put(Map("a", {By("owner")}));
  EXPECT_TRUE(graph.HasDependents("owner"));
  EXPECT_FALSE(graph.IsBlocked("owner"));
  graph.Put(Map("b", {BlockedBy("owner"), By("owner")}));
  EXPECT_TRUE(graph.IsBlocked("owner"));
  EXPECT_FALSE(graph.AnyDependentWaits("owner"));
  graph.Put(Deleted("b", kForegroundFinalizer, {BlockedBy("owner")}));
  EXPECT_TRUE(graph.AnyDependentWaits("owner"));
  EXPECT_THAT(graph.DependentsOf("owner", 1), testing::SizeIs(1));
  graph.Remove(Map("b").place, "b");
  EXPECT_FALSE(graph.IsBlocked("owner"));
  EXPECT_TRUE(graph.HasDependents("owner"));
}

TEST(OwnerGraph, AnotherObjectOfTheNameIsNotTheOneThatWasOwned) {
  OwnerGraph graph;
  graph.Put(Map("owner", {By("root")}));
  graph.Put(Map("child", {By("owner")}));
  Node again = Map("owner", {By("root")});
  again.uid = "another";
  EXPECT_THAT(NamesOf(graph.Put(again)), ElementsAre("child", "owner"));
  EXPECT_THAT(NamesOf(graph.Remove(again.place, "owner")), ElementsAre("child")) << "old news";
  EXPECT_NE(graph.Find(again.place), nullptr);
}

TEST(OwnerGraph, AnOwnerThatWaitsAndItsDependentsAreLookedAt) {
  OwnerGraph graph;
  graph.Put(Map("a", {By("owner")}));
  EXPECT_THAT(NamesOf(graph.Put(Deleted("owner", kForegroundFinalizer))),
              ElementsAre("a", "owner"));
  EXPECT_THAT(graph.Put(Deleted("owner", kForegroundFinalizer)), IsEmpty()) << "nothing is new";
  EXPECT_THAT(NamesOf(graph.Put(Map("b", {By("owner")}))), ElementsAre("b", "owner"));
  EXPECT_THAT(NamesOf(graph.Put(Map("b"))), ElementsAre("owner"));
  EXPECT_THAT(NamesOf(graph.Remove(Map("a").place, "a")), ElementsAre("owner"));
}

}  // namespace
}  // namespace slipway::garbage
