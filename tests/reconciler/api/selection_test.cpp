#include "reconciler/api/selection.hpp"

#include <gtest/gtest.h>

namespace slipway::api {
namespace {

using Labels = std::map<std::string, std::string>;

LabelSelector Expression(LabelOperator op, std::vector<std::string> values) {
  return {.match_expressions = {{.key = "role", .operator_ = op, .values = std::move(values)}}};
}

TEST(LabelSelectors, EmptyOnesFitEverything) { EXPECT_TRUE(Matches({}, {})); }

TEST(LabelSelectors, WantEveryLabelWithItsValue) {
  const LabelSelector selector{.match_labels = {{"role", "web"}, {"zone", "a"}}};
  EXPECT_TRUE(Matches(selector, Labels{{"role", "web"}, {"zone", "a"}, {"more", ""}}));
  EXPECT_FALSE(Matches(selector, Labels{{"role", "web"}}));
  EXPECT_FALSE(Matches(selector, Labels{{"role", "web"}, {"zone", "b"}}));
}

TEST(LabelSelectors, EvaluateEachOperator) {
  const Labels web{{"role", "web"}};
  EXPECT_TRUE(Matches(Expression(LabelOperator::kIn, {"db", "web"}), web));
  EXPECT_FALSE(Matches(Expression(LabelOperator::kIn, {"db"}), web));
  EXPECT_FALSE(Matches(Expression(LabelOperator::kIn, {"db"}), {}));
  EXPECT_FALSE(Matches(Expression(LabelOperator::kNotIn, {"web"}), web));
  EXPECT_TRUE(Matches(Expression(LabelOperator::kNotIn, {"web"}), {}));
  EXPECT_TRUE(Matches(Expression(LabelOperator::kExists, {}), web));
  EXPECT_FALSE(Matches(Expression(LabelOperator::kExists, {}), {}));
  EXPECT_TRUE(Matches(Expression(LabelOperator::kDoesNotExist, {}), {}));
  EXPECT_FALSE(Matches(Expression(LabelOperator::kDoesNotExist, {}), web));
}

TEST(StaticServers, AreNamedAfterTheirAddress) {
  EXPECT_EQ(NameFromAddress("10.0.0.7"), "10-0-0-7");
  EXPECT_EQ(NameFromAddress("Web-1.Example.com"), "web-1-example-com");
  EXPECT_EQ(NameFromAddress("::1"), "1");
  EXPECT_EQ(NameFromAddress("fe80::1"), "fe80--1");
  EXPECT_EQ(NameFromAddress("::"), "");
}

}  // namespace
}  // namespace slipway::api
