#include "src/metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

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
  std::mutex mutex;  // guards updates
  std::vector<std::function<void()>> updates;
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

std::string Metrics::Text() const {
  {
    const std::scoped_lock lock(state_->mutex);
    for (const auto& update : state_->updates) {
      update();
    }
  }
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace slipway::metrics
