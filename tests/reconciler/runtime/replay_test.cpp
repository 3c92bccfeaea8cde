#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "tests/reconciler/runtime/world.hpp"

// The engine is a function of what it is told: the same inputs give the same effects, notes and wake-ups, in the same order.
namespace slipway::runtime::testing {
namespace {

/// Writes a status, patches a server, asks outside, deletes, throws: some of each, as the object's version has it.
Plan Something(const PlanInput& input) {
  const std::uint64_t choice = input.object.version % 7;
  SLIPWAY_ASSERT(choice != 6, "now and then");
  Plan plan;
  plan.requeue_after = Duration(700 * (choice + 1));
  if (choice == 1) {
    plan.status = Json({{"active", "shop-" + std::to_string(input.object.version)}}).dump();
  }
  if (choice == 5) {
    plan.actions.push_back(Delete{.key = input.object.key, .uid = input.object.uid});
    return plan;
  }
  for (const Object* server : input.cache.List(Kind::kServer)) {
    if (server->version % 3 == choice % 3) {
      plan.actions.push_back(Patch{.key = server->key,
                                   .uid = server->uid,
                                   .generation = server->generation,
                                   .operations = R"([{"op":"add","path":"/spec/x","value":1}])"});
    }
  }
  plan.actions.push_back(Ask{.slot = "fetch", .request = FetchRepository{}});
  return plan;
}

/// Everything that an engine gave out in one made-up story.
class Story {
 public:
  explicit Story(std::uint64_t seed)
      : rng_(seed),
        world_({{.reads = {Kind::kServer},
                 .plan = Something,
                 .affected_by =
                     [](const Cache& cache, const Change& /*change*/, KeySink& keys) {
                       for (const Object* object : cache.List(Kind::kApplication)) {
                         keys.insert(object->key);
                       }
                     }}},
               EngineOptions{.max_writes_in_flight = 8, .max_outside_in_flight = 2, .seed = seed}) {
  }

  std::vector<std::string> Tell() {
    world_.ListTheRest();
    for (int turn = 0; turn < 2'000; ++turn) {
      for (std::uint64_t inputs = rng_.Below(4); inputs > 0; --inputs) {
        Happen();
      }
      world_.Pass(Duration(rng_.Below(1'500)));
      for (Effect& effect : world_.engine.TakeEffects()) {
        lines_.push_back(std::to_string(effect.id) + " " + Describe(effect));
        in_flight_.emplace(effect.id, std::move(effect));
      }
      for (const Note& note : world_.engine.TakeNotes()) {
        lines_.push_back(ToString(note.key) + ": " + note.text);
      }
      const auto wakeup = world_.engine.NextWakeup();
      lines_.push_back(wakeup ? std::to_string(wakeup->since_start.count()) : "no wake-up");
    }
    return std::move(lines_);
  }

 private:
  void Happen() {
    const std::string name = "app-" + std::to_string(rng_.Below(5));
    switch (rng_.Below(5)) {
      case 0:
        world_.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App(name), ++version_)));
        return;
      case 1:
        world_.engine.ObjectChanged(Kind::kServer, Text(ObjectOf(ServerKey(name), ++version_)));
        return;
      default:
        Answer();
    }
  }

  void Answer() {
    if (in_flight_.empty()) {
      return;
    }
    const auto chosen =
        std::next(in_flight_.begin(), static_cast<std::ptrdiff_t>(rng_.Below(in_flight_.size())));
    const Effect effect = std::move(chosen->second);
    in_flight_.erase(chosen);
    constexpr std::array kCodes = {Code::kConflict, Code::kTimeout, Code::kForbidden,
                                   Code::kNotFound};
    const bool fails = rng_.Chance(30);
    const Code code = kCodes.at(rng_.Below(kCodes.size()));
    if (const auto* outside = std::get_if<Outside>(&effect.work)) {
      lines_.push_back("answered: " + outside->slot);
      world_.AnswerOutside(effect, fails ? OutsideResult(slipway::Fail(code, "no"))
                                         : OutsideResult(FetchedRevision{}));
    } else if (fails) {
      world_.Fail(effect, code);
    } else {
      const Key key = std::visit([](const auto& work) { return work.key; }, effect.work);
      world_.Answer(effect, ObjectOf(key, ++version_));
    }
  }

  Rng rng_;
  World world_;
  int version_ = 1;
  std::map<EffectId, Effect> in_flight_;
  std::vector<std::string> lines_;
};

TEST(Replay, TheSameInputsGiveTheSameEffects) {
  std::string all;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const std::vector<std::string> first = Story(seed).Tell();
    EXPECT_EQ(Story(seed).Tell(), first) << "seed " << seed;
    for (const std::string& line : first) {
      all += line + "\n";
    }
  }
  for (const char* what : {"patch Server", "status App", "delete App", "get ", "outside App",
                           "planner failed", "a write failed", "a write was refused"}) {
    EXPECT_NE(all.find(what), std::string::npos) << what << ": these stories prove little";
  }
}

}  // namespace
}  // namespace slipway::runtime::testing
