#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/runtime/engine.hpp"

namespace slipway::runtime::testing {

using Json = nlohmann::json;

/// A planner that does what a test says.
struct Script {
  Kind kind = Kind::kApplication;
  std::vector<Kind> reads;
  std::function<Plan(const PlanInput&)> plan;
  std::function<std::string(const Object&)> group;
  std::function<void(const Cache&, const Change&, KeySink&)> affected_by;
};

/// The engine with scripted planners, its clock, and the answers to its effects. Objects are built
/// from a name and a few fields; versions are given by the test.
class World {
 public:
  explicit World(std::vector<Script> scripts, EngineOptions options = {});

  /// Lets `length` pass and ticks once.
  void Pass(Duration length);

  /// Ticks without letting time pass, and takes the effects.
  std::vector<Effect> Effects();

  /// Lets time pass until there are effects, and no further than to each wake-up; fails the test
  /// where none come.
  std::vector<Effect> NextEffects();

  /// The only effect that the engine wants now; fails the test where there is another number of
  /// them.
  Effect OnlyEffect();

  /// Lists every kind that the engine needs and that was not listed yet.
  void ListTheRest();

  void Answer(const Effect& effect, const Json& object);
  void Fail(const Effect& effect, Code code);
  void FailWith(const Effect& effect, Error error);
  void AnswerOutside(const Effect& effect, const OutsideResult& result);

  Engine engine;
  Time now{Duration{1'000'000'000}};
  MonoTime mono;

 private:
  std::set<Kind> listed_;
};

Key App(const std::string& name, const std::string& ns = "default");
Key ServerKey(const std::string& name);

/// A whole object of this version that its decoder accepts.
Json ObjectOf(const Key& key, int version, const std::string& uid = "");
Bytes Text(const Json& object);

/// What an effect is, by type; fails the test where it is another.
template <typename T>
T As(const Effect& effect) {
  if (const T* work = std::get_if<T>(&effect.work)) {
    return *work;
  }
  throw std::runtime_error("another effect: " + Describe(effect));
}

}  // namespace slipway::runtime::testing
