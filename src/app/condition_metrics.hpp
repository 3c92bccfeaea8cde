#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "reconciler/runtime/object.hpp"
#include "src/app/object_conditions.hpp"
#include "src/kube/object_client.hpp"
#include "src/metrics/metrics.hpp"

namespace slipway::app {

/// Tells Prometheus how the objects are that people alert on: GitRepositories, Fleets and Applications. For each there is
/// `slipway_object_ready` and `slipway_object_stalled`, 1 or 0, with the reason that its condition has now. On the thread on which
/// metrics are collected.
class ConditionMetrics {
 public:
  /// `metrics` must not be asked any more once this is gone.
  explicit ConditionMetrics(metrics::Metrics& metrics);

  /// All objects of a kind.
  void Replaced(runtime::Kind kind, const std::vector<kube::ObjectText>& objects);
  /// One, as it is now.
  void Changed(runtime::Kind kind, const kube::ObjectText& object);
  /// One, as it was last.
  void Deleted(runtime::Kind kind, const kube::ObjectText& object);

 private:
  using ObjectKey = std::tuple<runtime::Kind, std::string, std::string>;  ///< kind, namespace, name

  std::vector<metrics::Sample> Samples(const std::string& type) const;

  std::map<ObjectKey, std::map<std::string, ObjectConditions::Condition>> objects_;  ///< by type
};

}  // namespace slipway::app
