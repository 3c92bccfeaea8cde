#include "src/app/condition_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::app {
namespace {

using runtime::Kind;
using testing::HasSubstr;
using testing::Not;

kube::ObjectText Fleet(const std::string& name, const std::string& conditions) {
  return std::make_shared<const std::string>(R"({"metadata":{"namespace":"prod","name":")" + name +
                                             R"("},"status":{"conditions":)" + conditions + "}}");
}

const char* const kGood = R"([{"type":"Ready","status":"True","reason":"Succeeded"},
                              {"type":"Stalled","status":"False","reason":"Succeeded"}])";
const char* const kBad = R"([{"type":"Ready","status":"False","reason":"AccessDenied"},
                             {"type":"Stalled","status":"True","reason":"AccessDenied"}])";

class ConditionMetricsTest : public testing::Test {
 protected:
  metrics::Metrics metrics_;
  ConditionMetrics conditions_{metrics_};
};

TEST_F(ConditionMetricsTest, TellEachObjectAsItIsNow) {
  conditions_.Replaced(Kind::kFleet, {Fleet("web", kGood), Fleet("db", kGood)});
  EXPECT_THAT(
      metrics_.Text(),
      HasSubstr(
          R"(slipway_object_ready{kind="Fleet",name="web",namespace="prod",reason="Succeeded"} 1)"));
  conditions_.Changed(Kind::kFleet, Fleet("web", kBad));
  const std::string bad = metrics_.Text();
  EXPECT_THAT(
      bad,
      HasSubstr(
          R"(slipway_object_ready{kind="Fleet",name="web",namespace="prod",reason="AccessDenied"} 0)"));
  EXPECT_THAT(
      bad,
      HasSubstr(
          R"(slipway_object_stalled{kind="Fleet",name="web",namespace="prod",reason="AccessDenied"} 1)"));
  EXPECT_THAT(bad, Not(HasSubstr(R"(name="web",namespace="prod",reason="Succeeded")")))
      << "what it was is not told any more";
  conditions_.Deleted(Kind::kFleet, Fleet("web", kBad));
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("\"web\"")));
  EXPECT_THAT(metrics_.Text(), HasSubstr("\"db\""));
}

TEST_F(ConditionMetricsTest, AListOfAKindReplacesThatKindOnly) {
  conditions_.Replaced(Kind::kFleet, {Fleet("web", kGood)});
  conditions_.Replaced(Kind::kGitRepository, {Fleet("shop", kGood)});
  conditions_.Replaced(Kind::kFleet, {});
  EXPECT_THAT(metrics_.Text(), Not(HasSubstr("\"web\"")));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(kind="GitRepository",name="shop")"));
}

TEST_F(ConditionMetricsTest, WhatIsTooMuchOrNoConditionIsNotTold) {
  conditions_.Changed(Kind::kServer, Fleet("web-1", kGood));
  for (const char* odd : {"{}", "1", R"([1,{"type":1},{"type":"Ready"}])"}) {
    conditions_.Changed(Kind::kFleet, Fleet("odd", odd));
  }
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, Not(HasSubstr("web-1")));
  EXPECT_THAT(
      text,
      HasSubstr(R"(slipway_object_ready{kind="Fleet",name="odd",namespace="prod",reason=""} 0)"));
}

}  // namespace
}  // namespace slipway::app
