#include "tests/sim/story.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/gateway/claims.hpp"

namespace slipway::sim {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTraceLines = 50'000;
constexpr Duration kRest = std::chrono::minutes(10);
/// Not a multiple of what anybody polls in, or a poll could be under way at every look.
constexpr Duration kLook = std::chrono::seconds(47);
constexpr std::uint64_t kMostEvents = 2'000'000;

/// Takes away what differs between two runs that come to the same.
void Normalise(Json& tree) {
  static const std::set<std::string> kNoise = {"uid",
                                               "resourceVersion",
                                               "creationTimestamp",
                                               "lastTransitionTime",
                                               "generation",
                                               "since",
                                               "bakeElapsed",
                                               "elapsed",
                                               "incarnation",
                                               "time",
                                               "progress",
                                               "message",
                                               "observedGeneration",
                                               "annotations"};
  if (tree.is_object()) {
    for (auto field = tree.begin(); field != tree.end();) {
      if (kNoise.contains(field.key())) {
        field = tree.erase(field);
      } else {
        Normalise(field.value());
        ++field;
      }
    }
  } else if (tree.is_array()) {
    for (Json& item : tree) {
      Normalise(item);
    }
  }
}

const char* WhoIs(Writer writer) {
  switch (writer) {
    case Writer::kControllers:
      return "controllers";
    case Writer::kGarbage:
      return "garbage";
    case Writer::kGateway:
      return "gateway";
    case Writer::kPerson:
      return "person";
  }
  SLIPWAY_UNREACHABLE("writer outside the enum");
}

}  // namespace

Story::Story(const Scenario& scenario, const Options& options)
    : scenario_(scenario),
      options_(options),
      faults_(scenario.faults),
      rng_(options.seed),
      api_(loop_),
      checker_(loop_, git_, cloud_) {}

Story::~Story() { api_.on_event = nullptr; }

Outcome Story::Play() {
  try {
    Begin();
    Run(MonoTime{scenario_.length});
    CalmDown();
    Settle();
    checker_.AtTheEnd(hosts_);
    CheckExpectations();
    outcome_.end = EndState();
  } catch (const Violation& violation) {
    outcome_.violation = violation.what();
    Trace("VIOLATION " + outcome_.violation);
  } catch (const std::exception& thrown) {
    outcome_.violation = std::string("14: somebody threw: ") + thrown.what();
    Trace(outcome_.violation);
  }
  outcome_.events = loop_.events();
  outcome_.crash_points = crash_points_;
  outcome_.promotions = checker_.promotions();
  return std::move(outcome_);
}

void Story::Begin() {
  api_.on_event = [this](const StoreEvent& event) { OnStoreEvent(event); };
  for (const auto& [program, machines] : scenario_.machines) {
    for (const std::string& machine : machines) {
      cloud_.Add(program, machine);
    }
  }
  for (const std::string& machine : scenario_.asleep) {
    cloud_.Terminate(machine);
  }
  for (const auto& [program, machines] : cloud_.machines()) {
    for (const std::string& machine : machines) {
      if (cloud_.Exists(machine)) {
        AddHost(machine);
      }
    }
  }
  for (const Document& document : scenario_.objects) {
    (void)api_.Create(document.key, document.json, Writer::kPerson);
  }
  for (const Step& step : scenario_.steps) {
    Schedule(step);
  }
  ScheduleFaults();
  StartPlane();
}

void Story::Run(MonoTime until) {
  while (loop_.Step(until)) {
    checker_.OnStep(hosts_);
    if (loop_.events() % 1'024 == 0) {
      CheckBounds();
    }
    if (loop_.events() > kMostEvents) {
      throw Violation("13: it does not come to rest: more than two million events");
    }
  }
}

/// Runs until nobody has written or done anything for a while; longer than scenario.settle is too long.
void Story::Settle() {
  const MonoTime deadline = loop_.Mono() + scenario_.settle;
  while (loop_.Mono() < deadline) {
    Run(loop_.Mono() + kLook);
    const runtime::Engine* engine = plane_ == nullptr ? nullptr : plane_->engine();
    const MonoTime moved = std::max(checker_.last_write(), last_deed_);
    if (engine != nullptr && engine->Idle() && loop_.Mono() - moved >= kRest) {
      return;
    }
  }
  throw Violation("13: it does not come to rest within " +
                  std::to_string(scenario_.settle / std::chrono::minutes(1)) + " minutes");
}

void Story::Trace(const std::string& line) {
  if (!options_.trace) {
    return;
  }
  outcome_.trace.push_back(std::to_string(loop_.Mono().since_start.count()) + " ms  " + line);
  if (outcome_.trace.size() > kTraceLines) {
    outcome_.trace.pop_front();
  }
}

// ---- The store.

void Story::OnStoreEvent(const StoreEvent& event) {
  if (options_.trace) {
    Trace(std::string("store: ") + WhoIs(event.writer) + " " + runtime::ToString(event.key) + " " +
          (event.after == nullptr ? "removed" : *event.after));
  }
  checker_.OnStoreEvent(event);
  AddHosts(event);
  if (event.writer == Writer::kControllers && event.after != nullptr) {
    Json tree = ReadJson(*event.after);
    // Of what is deleted, controllers and garbage collector let go in any order.
    if (!tree["metadata"].contains("deletionTimestamp")) {
      tree.erase("status");
      Normalise(tree);
      outcome_.writes.insert(runtime::ToString(event.key) + " " + tree.dump());
    }
  }
  const bool ours = event.writer == Writer::kControllers || event.writer == Writer::kGarbage;
  if (ours && AtCrashPoint()) {
    CrashPlane();
  }
  if (plane_ != nullptr) {
    plane_->Announce();
  }
}

/// Every server that a static fleet lists is a machine with an agent.
void Story::AddHosts(const StoreEvent& event) {
  if (event.key.kind != Kind::kFleet || event.after == nullptr) {
    return;
  }
  const auto fleet = api::Decode<api::Fleet>(*event.after);
  if (!fleet.has_value() || !fleet.value().spec.provider.static_) {
    return;
  }
  for (const api::StaticServer& server : fleet.value().spec.provider.static_->servers) {
    AddHost(server.name);
  }
}

void Story::AddHost(const std::string& name) {
  if (hosts_.contains(name)) {
    return;
  }
  Surroundings world{.loop = loop_,
                     .rng = rng_,
                     .faults = faults_,
                     .git = git_,
                     .observer = checker_,
                     .connect = [this](Host& host, const protocol::Hello& hello) {
                       return plane_ == nullptr ? nullptr : plane_->Connect(host, hello);
                     }};
  auto& host = hosts_[name];
  host = std::make_unique<Host>(std::move(world), name);
  loop_.After(Duration(rng_.Below(3'000)), [this, raw = host.get()] {
    Claim(*raw);
    raw->Start();
  });
}

/// What the gateway writes for an agent that shows its token.
void Story::Claim(Host& host) {
  const Key key{.kind = Kind::kServerClaim,
                .ns = "default",
                .name = gateway::ClaimNameOf(host.name(), Host::KeyHash())};
  const Json claim = {{"metadata", {{"name", key.name}}},
                      {"spec",
                       {{"name", host.name()},
                        {"tokenID", "t"},
                        {"keyHash", Host::KeyHash()},
                        {"certificateRequest", "-----BEGIN CERTIFICATE REQUEST-----"}}}};
  (void)api_.Create(key, claim.dump(), Writer::kGateway);
}

// ---- The control plane.

void Story::StartPlane() {
  Trace("the control plane starts");
  checker_.OnRestart();
  runtime::EngineOptions engine;
  engine.seed = rng_.Next();
  plane_ = std::make_unique<ControlPlane>(PlaneSurroundings{.loop = loop_,
                                                            .rng = rng_,
                                                            .faults = faults_,
                                                            .api = api_,
                                                            .git = git_,
                                                            .cloud = cloud_,
                                                            .observer = *this,
                                                            .planners = options_.planners,
                                                            .engine = engine});
}

void Story::CrashPlane(Duration length) {
  if (plane_ == nullptr || !plane_->alive()) {
    return;
  }
  Trace("the control plane crashes");
  ++outcome_.crashes;
  plane_->Kill();
  loop_.After(Duration(0), [this] { plane_.reset(); });
  if (length == Duration(0)) {
    length = Duration(1'000 + (calm_ ? 0 : rng_.Below(20'000)));
  }
  loop_.After(length, [this] { StartPlane(); });
}

bool Story::AtCrashPoint() {
  const std::uint64_t point = crash_points_++;
  return options_.crash_at == point;
}

void Story::OnEffect(const runtime::Effect& effect, const runtime::Cache& cache) {
  if (options_.trace) {
    Trace("effect " + std::to_string(effect.id) + ": " + Describe(effect));
  }
  checker_.OnEffect(effect, cache);
}

bool Story::MayGoOn(const runtime::Effect& /*effect*/) { return SurvivesEffect(); }

bool Story::MayCollect(const garbage::Step& step) {
  if (options_.trace) {
    Trace(std::string("garbage: ") + (step.patch.empty() ? "delete " : "patch ") +
          step.place.kind->kind + " " + step.place.name + " " + step.patch);
  }
  return SurvivesEffect();
}

bool Story::SurvivesEffect() {
  if (AtCrashPoint() || (!calm_ && Faults::Happens(rng_, faults_.crash_at_effect))) {
    CrashPlane();
  }
  return plane_ == nullptr || plane_->alive();
}

void Story::OnOutsideAnswer(const runtime::Outside& work, const runtime::OutsideResult& result) {
  checker_.OnOutsideAnswer(work, result);
}

void Story::OnLetIn(const runtime::CompleteLaunch& launch) { checker_.OnLetIn(launch); }

bool Story::OnOutsideDone(const runtime::Outside& work) {
  ++outcome_.outside[Describe(runtime::Effect{.id = 0, .work = work})];
  if (AtCrashPoint()) {
    CrashPlane();
  }
  return plane_->alive();
}

/// 15: what the engine keeps is bounded by what there is, whether or not it has been listed yet.
void Story::CheckBounds() const {
  const runtime::Engine* engine = plane_ == nullptr ? nullptr : plane_->engine();
  if (engine == nullptr) {
    return;
  }
  std::size_t objects = 0;
  for (const Kind kind : engine->kinds()) {
    objects += std::max(engine->cache().size(kind), api_.List(kind).size());
  }
  const runtime::EngineStats stats = engine->stats();
  if (stats.queue_depth > objects || stats.delayed > objects ||
      stats.in_flight > 2 * objects + 128) {
    throw Violation("15: the engine holds more than there is: " +
                    std::to_string(stats.queue_depth) + " queued, " +
                    std::to_string(stats.in_flight) + " in flight, of " + std::to_string(objects));
  }
}

// ---- The end.

void Story::CheckExpectations() const {
  const Expectations& expect = scenario_.expect;
  for (const auto& [name, phase] : expect.phases) {
    const auto rollout = checker_.rollouts().find(name);
    const std::string is = rollout == checker_.rollouts().end()
                               ? "not there"
                               : std::string(api::ToString(rollout->second.status.phase));
    if (is != phase) {
      throw Violation("expected: " + name + " is " + is + ", not " + phase);
    }
  }
  for (const auto& [name, cause] : expect.causes) {
    const auto rollout = checker_.rollouts().find(name);
    const bool is = rollout != checker_.rollouts().end() && rollout->second.status.cause &&
                    api::ToString(*rollout->second.status.cause) == cause;
    if (!is) {
      throw Violation("expected: the cause of " + name + " is not " + cause);
    }
  }
  for (const auto& [name, rollout] : expect.stable) {
    const auto application = checker_.applications().find(name);
    const bool known = application != checker_.applications().end() &&
                       application->second.status.stable.has_value();
    const std::string is = known ? application->second.status.stable->rollout : "nothing";
    if (is != rollout) {
      throw Violation("expected: " + name + " has promoted " + is + ", not " + rollout);
    }
  }
  for (const auto& [name, count] : expect.taken) {
    const auto servers = checker_.taken().find(name);
    const std::size_t is = servers == checker_.taken().end() ? 0 : servers->second.size();
    if (is != count) {
      throw Violation("expected: " + name + " was wanted on " + std::to_string(is) +
                      " servers, not on " + std::to_string(count));
    }
  }
  if (checker_.promotions() < expect.promotions) {
    throw Violation("12: only " + std::to_string(checker_.promotions()) + " promotions of " +
                    std::to_string(expect.promotions));
  }
  for (const auto& [name, reason] : expect.says) {
    const auto object = api_.Get(KeyOfText(name));
    if (!object.has_value() ||
        object.value()->find("\"reason\":\"" + reason + "\"") == std::string::npos) {
      throw Violation("expected: " + name + " says " + reason);
    }
  }
  if (expect.stalled) {
    const auto object = api_.Get(KeyOfText(*expect.stalled));
    if (!object.has_value() || object.value()->find("\"PlannerFailed\"") == std::string::npos) {
      throw Violation("14: " + *expect.stalled + " does not say that it is stalled");
    }
  }
  for (const std::string& text : expect.absent) {
    if (api_.Get(KeyOfText(text)).has_value()) {
      throw Violation("expected: " + text + " is gone");
    }
  }
}

std::map<std::string, std::string> Story::EndState() const {
  std::map<std::string, std::string> end;
  for (const Kind kind : runtime::kAllKinds) {
    for (const Bytes& bytes : api_.List(kind)) {
      Json tree = ReadJson(*bytes);
      const std::string name = tree["metadata"]["name"];
      Normalise(tree);
      end[std::string(runtime::NameOf(kind)) + " " + name] = tree.dump();
    }
  }
  return end;
}

}  // namespace slipway::sim
