#include <gtest/gtest.h>

#include <utility>

#include "src/objects/write_rules.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

using Propagation = DeleteRequest::Propagation;

const KindInfo& Application() { return KindNamed("Application"); }

/// An Application as a GET would show it.
Json Existing() {
  Json object = SmallApplication();
  const Birth birth{
      .now = Time{std::chrono::milliseconds(1'500)}, .uid = "uid-1", .name_suffix = "x7k2p"};
  const WriteRequest request{.ns = "default", .field_manager = "test"};
  EXPECT_TRUE(PrepareCreate(Application(), object, request, birth).has_value());
  object["metadata"]["resourceVersion"] = "7";
  return object;
}

TEST(Delete, RemovesAtOnceWhereNobodyWaits) {
  Json object = Existing();
  EXPECT_TRUE(PrepareDelete(Application(), object, {}, Time{}).value().removed);
}

TEST(Delete, MarksWhereAFinalizerWaits) {
  Json object = Existing();
  object["metadata"]["finalizers"] = {"slipway.dev/a"};
  const auto effect = PrepareDelete(Application(), object, {}, Time{std::chrono::seconds(61)});
  EXPECT_FALSE(effect.value().removed);
  EXPECT_TRUE(effect.value().changed);
  EXPECT_EQ(object["metadata"]["deletionTimestamp"], "1970-01-01T00:01:01Z");
  EXPECT_EQ(object["metadata"]["deletionGracePeriodSeconds"], 0);
  EXPECT_EQ(object["metadata"]["generation"], 2);
  EXPECT_FALSE(
      PrepareDelete(Application(), object, {}, Time{std::chrono::seconds(99)}).value().changed);
}

TEST(Delete, LeavesWorkForTheGarbageCollectorWhereAsked) {
  for (const auto& [propagation, finalizer] :
       {std::pair{Propagation::kForeground, "foregroundDeletion"},
        std::pair{Propagation::kOrphan, "orphan"}}) {
    Json object = Existing();
    EXPECT_FALSE(
        PrepareDelete(Application(), object, {.propagation = propagation}, Time{}).value().removed);
    EXPECT_EQ(object["metadata"]["finalizers"], Json::array({finalizer}));
    for (const char* kind : {"Secret", "ConfigMap", "Lease"}) {
      object = {{"metadata", {{"name", "a"}}}};
      const auto effect =
          PrepareDelete(KindNamed(kind), object, {.propagation = propagation}, Time{});
      EXPECT_FALSE(effect.value().removed) << kind;
      EXPECT_EQ(object["metadata"]["finalizers"], Json::array({finalizer}));
    }
  }
}

TEST(Delete, WhatIsSaidLastAboutDependentsHolds) {
  Json object = Existing();
  object["metadata"]["finalizers"] = {"orphan", "slipway.dev/a"};
  EXPECT_FALSE(PrepareDelete(Application(), object, {}, Time{}).value().removed);
  EXPECT_EQ(object["metadata"]["finalizers"], Json::array({"orphan", "slipway.dev/a"}));
  const auto delete_by = [&](Propagation propagation) {
    return PrepareDelete(Application(), object, {.propagation = propagation}, Time{}).value();
  };
  EXPECT_TRUE(delete_by(Propagation::kForeground).changed);
  EXPECT_EQ(object["metadata"]["finalizers"], Json::array({"slipway.dev/a", "foregroundDeletion"}));
  EXPECT_FALSE(delete_by(Propagation::kForeground).changed);
  object["metadata"]["finalizers"] = {"foregroundDeletion"};
  EXPECT_TRUE(delete_by(Propagation::kBackground).removed);
}

TEST(Delete, LeavesNoWorkThatNobodyDoes) {
  for (const Propagation propagation : {Propagation::kForeground, Propagation::kOrphan}) {
    for (const char* kind : {"Namespace", "Event", "AccessToken"}) {
      Json object = {{"metadata", {{"name", "a"}}}};
      const auto effect =
          PrepareDelete(KindNamed(kind), object, {.propagation = propagation}, Time{});
      EXPECT_TRUE(effect.value().removed) << kind;
    }
  }
}

TEST(Delete, HonoursPreconditions) {
  Json object = Existing();
  EXPECT_EQ(PrepareDelete(Application(), object, {.uid = "uid-0"}, Time{}).error().code,
            Code::kConflict);
  EXPECT_EQ(PrepareDelete(Application(), object, {.resource_version = "6"}, Time{}).error().code,
            Code::kConflict);
  EXPECT_TRUE(
      PrepareDelete(Application(), object, {.uid = "uid-1", .resource_version = "7"}, Time{})
          .value()
          .removed);
}

}  // namespace
}  // namespace slipway::objects
