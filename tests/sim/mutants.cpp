#include "tests/sim/mutants.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "tests/sim/simulation.hpp"

namespace slipway::sim {
namespace {

using Json = nlohmann::json;
using runtime::Cache;
using runtime::Object;

/// Whatever is wanted of a server and runs there is a success.
void MakeGood(Json& server) {
  if (!server.contains("status") || !server["status"].contains("releases")) {
    return;
  }
  for (const Json& intent : server["spec"].value("releases", Json::array())) {
    for (Json& release : server["status"]["releases"]) {
      const bool runs = release["application"] == intent["application"] &&
                        release.contains("running") &&
                        release["running"]["commit"] == intent["commit"] &&
                        release["running"]["hash"] == intent["hash"];
      if (runs) {
        release["running"]["health"] = "Healthy";
        release["attempt"] = {{"rollout", intent["rollout"]},
                              {"number", intent["attempt"]},
                              {"phase", "Ended"},
                              {"result", "Succeeded"}};
      }
    }
  }
}

void MakeReachable(Json& server) {
  if (!server.contains("status") || !server["status"].contains("conditions")) {
    return;
  }
  for (Json& condition : server["status"]["conditions"]) {
    if (condition["type"] == "Reachable") {
      condition["status"] = "True";
    }
  }
}

/// Changes what a planner sees of one object.
void Delude(Mutant mutant, Kind kind, Json& object) {
  if (mutant == Mutant::kSkipsTheGate && kind == Kind::kRollout) {
    object["spec"]["template"].erase("gate");
  } else if (mutant == Mutant::kForgetsTheBudget && kind == Kind::kApplication) {
    object["spec"]["strategy"]["maxUnavailable"] = "100%";
  } else if (mutant == Mutant::kStartsWavesEarly && kind == Kind::kRollout) {
    object["spec"]["promotedThrough"] = 99;
  } else if (mutant == Mutant::kBelievesOneListing && kind == Kind::kFleet) {
    object["spec"]["absence"]["confirmations"] = 1;
  } else if (mutant == Mutant::kRemovesMany && kind == Kind::kFleet) {
    object["spec"]["absence"]["maxRemovals"] = 1'000;
  } else if (mutant == Mutant::kLetsInEarly && kind == Kind::kApplication &&
             object.contains("status")) {
    object["status"].erase("stable");
  } else if (mutant == Mutant::kRollsToEverybody && kind == Kind::kServer) {
    object["spec"]["standby"] = false;
    object["spec"]["joining"] = false;
  } else if (mutant == Mutant::kTakesRunningForGood && kind == Kind::kServer) {
    MakeGood(object);
  } else if (mutant == Mutant::kIgnoresReach && kind == Kind::kServer) {
    MakeReachable(object);
  } else if (mutant == Mutant::kReusesAName && kind == Kind::kApplication &&
             object.contains("status") && object["status"].contains("lastNumber")) {
    const auto last = object["status"]["lastNumber"].get<std::int64_t>();
    object["status"]["lastNumber"] = std::max<std::int64_t>(last - 1, 0);
  }
}

/// Every failed listing as one that is whole and empty.
runtime::OutsideStates WithoutErrors(runtime::OutsideStates states) {
  for (auto& [slot, state] : states) {
    if (state.answered && std::holds_alternative<runtime::ListServers>(*state.answered) &&
        state.result && !state.result->has_value()) {
      state.result = runtime::OutsideValue(runtime::ServerListing{
          .time = Time(state.age),
          .servers = std::make_shared<const std::vector<runtime::ListedServer>>()});
    }
  }
  return states;
}

Kind WrongKind(Mutant mutant) {
  switch (mutant) {
    case Mutant::kReusesAName:
      return Kind::kApplication;
    case Mutant::kBelievesOneListing:
    case Mutant::kRemovesMany:
    case Mutant::kTakesErrorsForNobody:
    case Mutant::kLetsInEarly:
    case Mutant::kTakesRunningForGood:
    case Mutant::kIgnoresReach:
      return Kind::kFleet;
    case Mutant::kSkipsTheGate:
    case Mutant::kForgetsTheBudget:
    case Mutant::kStartsWavesEarly:
    case Mutant::kPlansTooEarly:
    case Mutant::kRollsToEverybody:
      return Kind::kRollout;
  }
  return Kind::kRollout;
}

/// The real planner in front of a world that is not quite the real one.
class Deluded final : public runtime::Planner {
 public:
  Deluded(Mutant mutant, std::unique_ptr<runtime::Planner> real)
      : mutant_(mutant), real_(std::move(real)) {}

  Kind kind() const override { return real_->kind(); }
  std::vector<Kind> reads() const override {
    return mutant_ == Mutant::kPlansTooEarly ? std::vector<Kind>{} : real_->reads();
  }
  void Register(runtime::CacheSchema& schema) const override { real_->Register(schema); }
  std::string Group(const Object& object) const override { return real_->Group(object); }
  void AffectedBy(const Cache& cache, const runtime::Change& change,
                  runtime::KeySink& keys) const override {
    real_->AffectedBy(cache, change, keys);
  }

  runtime::Plan MakePlan(const runtime::PlanInput& input) const override {
    if (mutant_ == Mutant::kPlansTooEarly) {
      runtime::Plan plan = real_->MakePlan(input);
      plan.requeue_after = Duration(1'000);  // nobody tells it of what it does not read
      return plan;
    }
    Cache cache = input.cache;
    cache.Keep(Kind::kServer, nullptr);  // what is kept of servers is of the real ones
    std::vector<Kind> kinds = {Kind::kApplication, Kind::kRollout, Kind::kFleet};
    if (mutant_ == Mutant::kRollsToEverybody || mutant_ == Mutant::kTakesRunningForGood ||
        mutant_ == Mutant::kIgnoresReach) {
      kinds.push_back(Kind::kServer);
    }
    for (const Kind seen : kinds) {
      for (const Object* object : input.cache.List(seen)) {
        Change(cache, *object);
      }
    }
    if (mutant_ == Mutant::kReusesAName) {
      HideNewest(cache);
    }
    const Object* object = cache.Find(input.object.key);
    const runtime::OutsideStates outside =
        mutant_ == Mutant::kTakesErrorsForNobody ? WithoutErrors(input.outside) : input.outside;
    const runtime::PlanInput deluded{.object = object == nullptr ? input.object : *object,
                                     .cache = cache,
                                     .now = input.now,
                                     .elapsed = input.elapsed,
                                     .up = input.up,
                                     .outside = outside};
    return real_->MakePlan(deluded);
  }

 private:
  void Change(Cache& cache, const Object& object) const {
    Json tree = ReadJson(*object.bytes);
    Delude(mutant_, object.key.kind, tree);
    tree["metadata"]["resourceVersion"] = std::to_string(object.version + 1);
    const auto changed =
        cache.Apply(object.key.kind, std::make_shared<const std::string>(tree.dump()));
    SLIPWAY_ASSERT(changed.has_value(), "what was readable stays so");
  }

  /// The newest rollout that has ended.
  void HideNewest(Cache& cache) const {
    const Object* newest = nullptr;
    for (const Object* object : cache.List(Kind::kRollout)) {
      const auto* rollout = object->As<api::Rollout>();
      if (newest == nullptr || newest->As<api::Rollout>()->spec.number < rollout->spec.number) {
        newest = object;
      }
    }
    if (newest != nullptr) {
      cache.Forget(Key(newest->key), Uid(newest->uid));
    }
  }

  Mutant mutant_;
  std::unique_ptr<runtime::Planner> real_;
};

}  // namespace

std::vector<std::unique_ptr<runtime::Planner>> WithMutant(Mutant mutant) {
  std::vector<std::unique_ptr<runtime::Planner>> planners = RealPlanners();
  const Kind wrong = WrongKind(mutant);
  for (auto& planner : planners) {
    if (planner->kind() == wrong) {
      planner = std::make_unique<Deluded>(mutant, std::move(planner));
    }
  }
  return planners;
}

}  // namespace slipway::sim
