#include "src/app/condition_metrics.hpp"

#include <optional>
#include <utility>

#include "reconciler/runtime/kinds.hpp"

namespace slipway::app {
namespace {

using runtime::Kind;

constexpr const char* kReady = "Ready";
constexpr const char* kStalled = "Stalled";

/// Of servers and rollouts there are too many for a series each.
bool IsTold(Kind kind) {
  return kind == Kind::kGitRepository || kind == Kind::kFleet || kind == Kind::kApplication;
}

}  // namespace

ConditionMetrics::ConditionMetrics(metrics::Metrics& metrics) {
  metrics.MakeGauges("slipway_object_ready", "Whether the condition Ready of an object is True.",
                     [this] { return Samples(kReady); });
  metrics.MakeGauges("slipway_object_stalled",
                     "Whether an object waits for somebody: its condition Stalled is True.",
                     [this] { return Samples(kStalled); });
}

void ConditionMetrics::Replaced(Kind kind, const std::vector<kube::ObjectText>& objects) {
  std::erase_if(objects_, [&](const auto& each) { return std::get<Kind>(each.first) == kind; });
  for (const kube::ObjectText& object : objects) {
    Changed(kind, object);
  }
}

void ConditionMetrics::Changed(Kind kind, const kube::ObjectText& object) {
  if (auto read = IsTold(kind) ? ConditionsIn(*object) : std::nullopt) {
    objects_[{kind, read->ns, read->name}] = std::move(read->by_type);
  }
}

void ConditionMetrics::Deleted(Kind kind, const kube::ObjectText& object) {
  if (const auto read = IsTold(kind) ? ConditionsIn(*object) : std::nullopt) {
    objects_.erase({kind, read->ns, read->name});
  }
}

std::vector<metrics::Sample> ConditionMetrics::Samples(const std::string& type) const {
  std::vector<metrics::Sample> samples;
  for (const auto& [key, conditions] : objects_) {
    if (const auto found = conditions.find(type); found != conditions.end()) {
      const auto& [kind, ns, name] = key;
      samples.push_back({.labels = {{"kind", std::string(runtime::NameOf(kind))},
                                    {"namespace", ns},
                                    {"name", name},
                                    {"reason", found->second.reason}},
                         .value = found->second.holds ? 1.0 : 0.0});
    }
  }
  return samples;
}

}  // namespace slipway::app
