#include "reconciler/rollout/selection.hpp"

#include <gtest/gtest.h>

namespace slipway::rollout {
namespace {

using api::LabelOperator;

TEST(Selection, EmptySelectsNothing) { EXPECT_FALSE(Selects(api::ServerSelection{}, "web", {})); }

TEST(Selection, FleetsAndLabelsBothHaveToFit) {
  const api::ServerSelection by_fleet{.fleets = {"web", "edge"}};
  EXPECT_TRUE(Selects(by_fleet, "edge", {}));
  EXPECT_FALSE(Selects(by_fleet, "db", {}));
  const api::ServerSelection both{
      .fleets = {"web"}, .selector = api::LabelSelector{.match_labels = {{"role", "web"}}}};
  EXPECT_TRUE(Selects(both, "web", {{"role", "web"}, {"zone", "a"}}));
  EXPECT_FALSE(Selects(both, "web", {{"role", "db"}}));
  EXPECT_FALSE(Selects(both, "web", {}));
  const api::ServerSelection everything{.selector = api::LabelSelector{}};
  EXPECT_TRUE(Selects(everything, "any", {}));
}

TEST(Selection, ExpressionsMeanWhatTheyMeanInKubernetes) {
  const Labels zone_a{{"zone", "a"}};
  const struct {
    LabelOperator operator_;
    std::vector<std::string> values;
    bool with;
    bool without;
  } kCases[] = {
      {LabelOperator::kIn, {"a", "b"}, true, false},
      {LabelOperator::kIn, {"b"}, false, false},
      {LabelOperator::kNotIn, {"a"}, false, true},
      {LabelOperator::kNotIn, {"b"}, true, true},
      {LabelOperator::kExists, {}, true, false},
      {LabelOperator::kDoesNotExist, {}, false, true},
  };
  for (const auto& test : kCases) {
    const api::LabelSelector selector{
        .match_expressions = {{.key = "zone", .operator_ = test.operator_, .values = test.values}}};
    EXPECT_EQ(Selects(selector, zone_a), test.with) << api::ToString(test.operator_);
    EXPECT_EQ(Selects(selector, Labels{}), test.without) << api::ToString(test.operator_);
  }
}

}  // namespace
}  // namespace slipway::rollout
