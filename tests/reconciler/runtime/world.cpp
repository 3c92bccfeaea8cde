#include "tests/reconciler/runtime/world.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace slipway::runtime::testing {
namespace {

class ScriptedPlanner final : public Planner {
 public:
  explicit ScriptedPlanner(Script script) : script_(std::move(script)) {}

  Kind kind() const override { return script_.kind; }
  std::vector<Kind> reads() const override { return script_.reads; }

  std::string Group(const Object& object) const override {
    return script_.group ? script_.group(object) : Planner::Group(object);
  }

  void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const override {
    if (script_.affected_by) {
      script_.affected_by(cache, change, keys);
    }
  }

  Plan MakePlan(const PlanInput& input) const override { return script_.plan(input); }

 private:
  Script script_;
};

std::vector<std::unique_ptr<Planner>> Planners(std::vector<Script> scripts) {
  std::vector<std::unique_ptr<Planner>> planners;
  for (Script& script : scripts) {
    planners.push_back(std::make_unique<ScriptedPlanner>(std::move(script)));
  }
  return planners;
}

const Json& ExampleSpecs() {
  static const Json specs = {
      {"GitRepository", {{"url", "https://example.org/shop.git"}}},
      {"Fleet", {{"provider", {{"static", {{"servers", Json::array({{{"name", "web-1"}}})}}}}}}},
      {"ServerClaim", {{"name", "web-1"}, {"tokenID", "t"}, {"keyHash", "k"}}},
      {"Server", {{"fleet", "web"}}},
      {"Application",
       {{"source", {{"repository", "shop"}}},
        {"servers", {{"fleets", Json::array({"web"})}}},
        {"release", {{"processes", Json::array()}}}}},
      {"Rollout",
       {{"application", "shop"},
        {"number", 1},
        {"release", {{"commit", "c"}, {"tree", "t"}, {"hash", "h"}}},
        {"template", {{"release", {{"processes", Json::array()}}}}}}},
      {"TestRun",
       {{"application", "shop"},
        {"rollout", "shop-1"},
        {"server", "int-1"},
        {"number", 1},
        {"commit", "c"},
        {"hash", "h"}}},
  };
  return specs;
}

}  // namespace

World::World(std::vector<Script> scripts, EngineOptions options)
    : engine(Planners(std::move(scripts)), options) {}

void World::Pass(Duration length) {
  now += length;
  mono = mono + length;
  engine.Tick(now, mono);
}

std::vector<Effect> World::Effects() {
  engine.Tick(now, mono);
  return engine.TakeEffects();
}

std::vector<Effect> World::NextEffects() {
  std::vector<Effect> effects = Effects();
  for (int wakeups = 0; effects.empty(); ++wakeups) {
    const auto next = engine.NextWakeup();
    if (!next.has_value() || wakeups == 10'000) {
      throw std::runtime_error("no effects come any more");
    }
    Pass(*next - mono);
    effects = engine.TakeEffects();
  }
  return effects;
}

Effect World::OnlyEffect() {
  std::vector<Effect> effects = Effects();
  if (effects.size() != 1) {
    std::string all;
    for (const Effect& effect : effects) {
      all += "\n  " + Describe(effect);
    }
    throw std::runtime_error("wanted one effect, not " + std::to_string(effects.size()) + all);
  }
  return effects.front();
}

void World::ListTheRest() {
  for (const Kind kind : engine.kinds()) {
    if (!engine.cache().Synced(kind)) {
      engine.Replaced(kind, {}, 1);
    }
  }
}

void World::Answer(const Effect& effect, const Json& object) {
  engine.EffectDone(effect.id, ObjectResult(Text(object)));
}

void World::Fail(const Effect& effect, Code code) {
  FailWith(effect, slipway::Fail(code, "says the test"));
}

void World::FailWith(const Effect& effect, Error error) {
  engine.EffectDone(effect.id, ObjectResult(std::move(error)));
}

void World::AnswerOutside(const Effect& effect, const OutsideResult& result) {
  engine.EffectDone(effect.id, result);
}

Key App(const std::string& name, const std::string& ns) {
  return Key{.kind = Kind::kApplication, .ns = ns, .name = name};
}

Key ServerKey(const std::string& name) {
  return Key{.kind = Kind::kServer, .ns = "default", .name = name};
}

Json ObjectOf(const Key& key, int version, const std::string& uid) {
  return {{"apiVersion", kApiVersion},
          {"kind", NameOf(key.kind)},
          {"metadata",
           {{"name", key.name},
            {"namespace", key.ns},
            {"uid", uid.empty() ? "uid-" + key.name : uid},
            {"resourceVersion", std::to_string(version)},
            {"generation", 1}}},
          {"spec", ExampleSpecs().at(std::string(NameOf(key.kind)))}};
}

Bytes Text(const Json& object) { return std::make_shared<const std::string>(object.dump()); }

}  // namespace slipway::runtime::testing
