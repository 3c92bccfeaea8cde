#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace slipway::metrics {

using Labels = std::map<std::string, std::string>;

/// A number that only grows. Thread-safe; valid as long as its Metrics.
class Counter {
 public:
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  void Add(double amount = 1);

  /// For what is counted elsewhere: sets it to `total`, unless it is there or beyond already. Only in
  /// functions that OnCollect was given.
  void RaiseTo(double total);

 private:
  prometheus::Counter* counter_;
};

/// A number that goes up and down. Thread-safe; valid as long as its Metrics.
class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  void Set(double value);
  void Add(double amount);

 private:
  prometheus::Gauge* gauge_;
};

/// How measured values are distributed. Thread-safe; valid as long as its Metrics.
class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  void Observe(double value);

 private:
  prometheus::Histogram* histogram_;
};

/// One value of a gauge that is read when it is asked for.
struct Sample {
  Labels labels;
  double value = 0;
};

/// The metrics of one process. Asking twice for the same name and labels gives the same metric;
/// names, labels and help follow Prometheus' conventions (base units, `_total` for counters), wrong
/// ones fail an assertion. Label values come from small fixed sets, never from users, but for those of
/// MakeGauges. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  Counter MakeCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge MakeGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram MakeHistogram(const std::string& name, const std::string& help, const Labels& labels,
                          const std::vector<double>& upper_bounds);

  /// A gauge whose labels come and go, with the objects that they name: `read` gives all there are, before each Text, on its thread.
  /// Whoever makes it must outlive the last Text.
  void MakeGauges(const std::string& name, const std::string& help,
                  std::function<std::vector<Sample>()> read);

  /// `update` runs before each Text, on its thread: sets what is cheaper read than kept.
  /// Whoever registers it must outlive the last Text.
  void OnCollect(std::function<void()> update);

  /// Everything, in Prometheus' text format (content type kTextType).
  std::string Text() const;

  static constexpr const char* kTextType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::metrics
