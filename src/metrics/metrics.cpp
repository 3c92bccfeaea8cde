#include "src/metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::metrics {
namespace {

/// Runs one call of the library, which throws on names that Prometheus does not know or that are
/// taken by another type.
template <typename Make>
auto& Checked(const std::string& name, Make make) {
  try {
    return make();
  } catch (const std::exception& error) {
    SLIPWAY_UNREACHABLE("metric " + name + ": " + error.what());
  }
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::mutex mutex;  // guards what follows
  std::vector<std::function<void()>> updates;
  std::vector<std::function<prometheus::MetricFamily()>> families;
};

void Counter::Add(double amount) { counter_->Increment(amount); }

void Counter::RaiseTo(double total) {
  if (total > counter_->Value()) {
    counter_->Increment(total - counter_->Value());
  }
}

void Gauge::Set(double value) { gauge_->Set(value); }

void Gauge::Add(double amount) { gauge_->Increment(amount); }

void Histogram::Observe(double value) { histogram_->Observe(value); }

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter Metrics::MakeCounter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  return Counter(Checked(name, [&]() -> prometheus::Counter& {
    return prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry).Add(labels);
  }));
}

Gauge Metrics::MakeGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(Checked(name, [&]() -> prometheus::Gauge& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add(labels);
  }));
}

Histogram Metrics::MakeHistogram(const std::string& name, const std::string& help,
                                 const Labels& labels, const std::vector<double>& upper_bounds) {
  return Histogram(Checked(name, [&]() -> prometheus::Histogram& {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(state_->registry)
        .Add(labels, upper_bounds);
  }));
}

void Metrics::OnCollect(std::function<void()> update) {
  const std::scoped_lock lock(state_->mutex);
  state_->updates.push_back(std::move(update));
}

void Metrics::MakeGauges(const std::string& name, const std::string& help,
                         std::function<std::vector<Sample>()> read) {
  const std::scoped_lock lock(state_->mutex);
  state_->families.emplace_back([name, help, read = std::move(read)] {
    prometheus::MetricFamily family{
        .name = name, .help = help, .type = prometheus::MetricType::Gauge, .metric = {}};
    for (const Sample& sample : read()) {
      prometheus::ClientMetric metric;
      for (const auto& [label, value] : sample.labels) {
        metric.label.push_back({label, value});
      }
      metric.gauge.value = sample.value;
      family.metric.push_back(std::move(metric));
    }
    return family;
  });
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> read;
  {
    const std::scoped_lock lock(state_->mutex);
    for (const auto& update : state_->updates) {
      update();
    }
    for (const auto& family : state_->families) {
      read.push_back(family());
    }
  }
  std::vector<prometheus::MetricFamily> all = state_->registry.Collect();
  std::move(read.begin(), read.end(), std::back_inserter(all));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace slipway::metrics
