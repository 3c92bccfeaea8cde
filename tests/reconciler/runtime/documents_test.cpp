#include "reconciler/runtime/documents.hpp"
#include "reconciler/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/base/assert.hpp"

namespace slipway::runtime::documents {
namespace {

using Json = nlohmann::json;
using std::chrono::minutes;
using ::testing::HasSubstr;

constexpr Time kNow{std::chrono::hours(24)};

std::string WithStatus(const Json& status) { return Json({{"status", status}}).dump(); }

TEST(StatusIs, ComparesWhatTheySayAndNotHow) {
  EXPECT_TRUE(StatusIs(R"({"status":{"a":1,"b":2}})", R"({ "b": 2, "a": 1 })"));
  EXPECT_FALSE(StatusIs(R"({"status":{"a":1}})", R"({"a":2})"));
}

TEST(StatusIs, AbsentEmptyAndNoObjectAreTheSame) {
  for (const char* object : {"{}", R"({"status":null})", R"({"status":{}})", R"({"status":"x"})"}) {
    EXPECT_TRUE(StatusIs(object, "{}")) << object;
    EXPECT_FALSE(StatusIs(object, R"({"a":1})")) << object;
  }
}

TEST(Guarded, TestsUidAndGenerationBeforeAnythingElse) {
  EXPECT_EQ(ReadJson(Guarded(R"([{"op":"remove","path":"/spec/x"}])", Uid("u"), 3)),
            ReadJson(R"([{"op":"test","path":"/metadata/uid","value":"u"},
                            {"op":"test","path":"/metadata/generation","value":3},
                            {"op":"remove","path":"/spec/x"}])"));
  EXPECT_EQ(ReadJson(Guarded("[]", Uid("u"), std::nullopt)),
            ReadJson(R"([{"op":"test","path":"/metadata/uid","value":"u"}])"));
}

TEST(Guarded, RefusesWhatIsNoPatch) {
  const GuardedScope guard;
  EXPECT_THROW(Guarded("not JSON", Uid("u"), 1), AssertionFailed);
  EXPECT_THROW(Guarded("{}", Uid("u"), 1), AssertionFailed);
}

TEST(ReplaceFinalizers, TestsThatTheyAreAsTheyWere) {
  EXPECT_EQ(ReadJson(ReplaceFinalizers(R"({"metadata":{"finalizers":["a"]}})", {"a", "b"})),
            ReadJson(R"([{"op":"test","path":"/metadata/finalizers","value":["a"]},
                            {"op":"add","path":"/metadata/finalizers","value":["a","b"]}])"));
}

TEST(ReplaceFinalizers, WhereThereAreNoneTestsThatTheObjectIsAsItWas) {
  EXPECT_EQ(ReadJson(ReplaceFinalizers(R"({"metadata":{"resourceVersion":"5"}})", {"a"})),
            ReadJson(R"([{"op":"test","path":"/metadata/resourceVersion","value":"5"},
                            {"op":"add","path":"/metadata/finalizers","value":["a"]}])"));
}

TEST(WithPlannerFailed, AddsTheConditionAndLeavesTheRest) {
  const Json status = {{"active", "shop-1"}, {"conditions", {{{"type", "Ready"}}}}};
  const auto text = WithPlannerFailed(WithStatus(status), "it broke", 4, kNow);
  ASSERT_TRUE(text.has_value());
  const Json written = ReadJson(*text);
  EXPECT_EQ(written["active"], "shop-1");
  EXPECT_EQ(written["conditions"][0]["type"], "Ready");
  EXPECT_EQ(written["conditions"][1], ReadJson(R"({"type":"Stalled","status":"True",
      "reason":"PlannerFailed","message":"it broke","observedGeneration":4,
      "lastTransitionTime":"1970-01-02T00:00:00Z"})"));
}

TEST(WithPlannerFailed, WhatNobodyPlansForIsNotReady) {
  const Json status = {{"conditions",
                        {{{"type", "Ready"},
                          {"status", "True"},
                          {"reason", "Succeeded"},
                          {"lastTransitionTime", "1970-01-01T00:00:00Z"}}}}};
  const auto text = WithPlannerFailed(WithStatus(status), "it broke", 4, kNow);
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(ReadJson(*text)["conditions"][0], ReadJson(R"({"type":"Ready","status":"False",
      "reason":"PlannerFailed","message":"it broke","observedGeneration":4,
      "lastTransitionTime":"1970-01-02T00:00:00Z"})"));
  const std::string stored = WithStatus(ReadJson(*text));
  EXPECT_EQ(WithPlannerFailed(stored, "it broke", 4, kNow), std::nullopt);
  const Json worse = ReadJson(WithPlannerFailed(stored, "worse", 4, kNow).value());
  EXPECT_EQ(worse["conditions"][0]["message"], "worse");
  EXPECT_EQ(WithoutPlannerFailed(stored, std::nullopt), R"({"conditions":[]})");
}

TEST(WithPlannerFailed, SaysNothingTwiceAndKeepsTheTimeOfTheTransition) {
  const auto first = WithPlannerFailed("{}", "it broke", 4, kNow);
  const std::string object = WithStatus(ReadJson(first.value()));
  EXPECT_EQ(WithPlannerFailed(object, "it broke", 4, kNow + minutes(1)), std::nullopt);
  const Json second = ReadJson(WithPlannerFailed(object, "worse", 5, kNow + minutes(1)).value());
  ASSERT_EQ(second["conditions"].size(), 1U);
  EXPECT_EQ(second["conditions"][0]["message"], "worse");
  EXPECT_EQ(second["conditions"][0]["lastTransitionTime"], "1970-01-02T00:00:00Z");
}

TEST(WithPlannerFailed, ReplacesBytesThatAreNoText) {
  const auto first = WithPlannerFailed("{}", "a\xc3z", 4, kNow);
  EXPECT_THAT(first.value(), HasSubstr("a\xef\xbf\xbdz"));
  EXPECT_EQ(WithPlannerFailed(WithStatus(ReadJson(*first)), "a\xc3z", 4, kNow), std::nullopt);
}

TEST(WithPlannerFailed, CountsWhatIsNoStatusAndNoConditionAsAbsent) {
  const std::string wanted = WithPlannerFailed("{}", "m", 1, kNow).value();
  for (const Json& status : {Json("x"), Json(1), Json::array(), Json({{"conditions", "x"}}),
                             Json({{"conditions", {1, "x", nullptr, Json::array()}}})}) {
    EXPECT_EQ(WithPlannerFailed(WithStatus(status), "m", 1, kNow), wanted) << status;
  }
  const Json odd = {{"conditions", {{{"type", 1}}}}};
  EXPECT_EQ(ReadJson(WithPlannerFailed(WithStatus(odd), "m", 1, kNow).value())["conditions"][0],
            Json({{"type", 1}}));
}

TEST(WithoutPlannerFailed, TakesAwayWhatWasWrittenAndNothingElse) {
  const Json status = {{"active", "shop-1"},
                       {"conditions", {1, {{"type", "Stalled"}, {"reason", "Theirs"}}}}};
  const std::string stored = WithPlannerFailed("{}", "m", 1, kNow).value();
  EXPECT_EQ(ReadJson(WithoutPlannerFailed(WithStatus(ReadJson(stored)), std::nullopt).value()),
            ReadJson(R"({"conditions":[]})"));
  EXPECT_EQ(WithoutPlannerFailed(WithStatus(status), std::nullopt), std::nullopt);
  EXPECT_EQ(ReadJson(WithoutPlannerFailed("{}", status.dump()).value()), status);
}

TEST(MentionsPlannerFailed, IsACheapLookAtTheText) {
  EXPECT_TRUE(
      MentionsPlannerFailed(WithStatus(ReadJson(WithPlannerFailed("{}", "m", 1, kNow).value()))));
  EXPECT_FALSE(MentionsPlannerFailed(R"({"status":{"reason":"Planned"}})"));
}

}  // namespace
}  // namespace slipway::runtime::documents
