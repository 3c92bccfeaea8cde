#include "src/metrics/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::metrics {
namespace {

using testing::HasSubstr;

TEST(Metrics, PrintsEveryTypeInPrometheusTextFormat) {
  Metrics metrics;
  metrics.MakeCounter("slipway_pushes_total", "Pushes seen.", {{"result", "good"}}).Add(2);
  metrics.MakeGauge("slipway_servers", "Servers.").Set(7);
  metrics.MakeHistogram("slipway_plan_seconds", "Time of one plan.", {}, {0.01, 0.1}).Observe(0.05);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# TYPE slipway_pushes_total counter"));
  EXPECT_THAT(text, HasSubstr("slipway_pushes_total{result=\"good\"} 2"));
  EXPECT_THAT(text, HasSubstr("slipway_servers 7"));
  EXPECT_THAT(text, HasSubstr("slipway_plan_seconds_bucket{le=\"0.01\"} 0"));
  EXPECT_THAT(text, HasSubstr("slipway_plan_seconds_bucket{le=\"0.1\"} 1"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  metrics.MakeCounter("slipway_pushes_total", "Pushes seen.").Add();
  metrics.MakeCounter("slipway_pushes_total", "Pushes seen.").Add();
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_pushes_total 2"));
}

TEST(Metrics, AGaugeWhoseLabelsComeAndGo) {
  Metrics metrics;
  std::vector<Sample> samples = {{.labels = {{"name", "we\"b"}}, .value = 1},
                                 {.labels = {{"name", "db"}}, .value = 0}};
  metrics.MakeGauges("slipway_ready", "Ready.", [&] { return samples; });
  EXPECT_THAT(metrics.Text(), HasSubstr("# TYPE slipway_ready gauge"));
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_ready{name=\"we\\\"b\"} 1"));
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_ready{name=\"db\"} 0"));
  samples.pop_back();
  EXPECT_THAT(metrics.Text(), testing::Not(HasSubstr("db")));
}

TEST(Metrics, GaugesThatAreReadOnDemandAreReadForEachText) {
  Metrics metrics;
  Gauge gauge = metrics.MakeGauge("slipway_servers", "Servers.");
  int servers = 3;
  metrics.OnCollect([&] { gauge.Set(servers); });
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_servers 3"));
  servers = 4;
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_servers 4"));
}

TEST(Metrics, CountersThatAreCountedElsewhereOnlyGrow) {
  Metrics metrics;
  Counter counter = metrics.MakeCounter("slipway_faults_total", "Faults.");
  double faults = 3;
  metrics.OnCollect([&] { counter.RaiseTo(faults); });
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_faults_total 3"));
  faults = 5;
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_faults_total 5"));
  faults = 1;
  EXPECT_THAT(metrics.Text(), HasSubstr("slipway_faults_total 5"));
}

TEST(MetricsDeathTest, ANameThatPrometheusRefusesIsAFaultOfOurs) {
  Metrics metrics;
  EXPECT_DEATH(metrics.MakeCounter("no-dashes", "Wrong."), "no-dashes");
}

}  // namespace
}  // namespace slipway::metrics
