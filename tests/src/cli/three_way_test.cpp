#include "src/cli/three_way.hpp"
#include "reconciler/base/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace slipway::cli {
namespace {

using nlohmann::json;

struct Case {
  const char* name;
  const char* last;
  const char* live;
  const char* desired;
  const char* patch;
};

class ThreeWay : public ::testing::TestWithParam<Case> {};

TEST_P(ThreeWay, FindsTheSmallestPatch) {
  const Case& given = GetParam();
  const json live = ReadJson(given.live);
  const json patch = ThreeWayMergePatch(ReadJson(given.last), live, ReadJson(given.desired));
  EXPECT_EQ(patch, ReadJson(given.patch));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ThreeWay,
    ::testing::Values(
        Case{"Equal", R"({"a":1})", R"({"a":1})", R"({"a":1})", "{}"},
        Case{"Changed", R"({"a":1})", R"({"a":1})", R"({"a":2})", R"({"a":2})"},
        Case{"DriftIsUndone", R"({"a":1})", R"({"a":9})", R"({"a":1})", R"({"a":1})"},
        Case{"RemovedByUs", R"({"a":1,"b":2})", R"({"a":1,"b":2})", R"({"a":1})", R"({"b":null})"},
        Case{"SetByOthersStays", R"({"a":1})", R"({"a":1,"b":2})", R"({"a":1})", "{}"},
        Case{"NestedRemoval", R"({"s":{"x":1,"y":1}})", R"({"s":{"x":1,"y":1,"z":1}})",
             R"({"s":{"x":1}})", R"({"s":{"y":null}})"},
        Case{"GoneAlready", R"({"b":2})", R"({})", R"({})", "{}"},
        Case{"NothingAppliedBefore", "null", R"({"a":1,"b":2})", R"({"a":3})", R"({"a":3})"},
        Case{"ListsAreReplacedWhole", R"({"l":[1,2]})", R"({"l":[1,2]})", R"({"l":[1]})",
             R"({"l":[1]})"},
        Case{"ObjectBecomesText", R"({"a":{"b":1}})", R"({"a":{"b":1}})", R"({"a":"x"})",
             R"({"a":"x"})"}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace slipway::cli
