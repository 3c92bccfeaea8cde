// What the engine costs: turns that plan one application over many servers, taking in what a server
// reports, and the memory of a Server object, all in. One JSON object a line.
//
// The scene: the application is in the last wave of its second rollout. Half of its servers run the
// new release, a quarter (all that maxUnavailable allows) is on the way to it, the rest waits. All
// statuses are written, so nothing is to be done until somebody reports. A turn is one Tick() of the
// engine, with whatever it plans, compares and encodes; the answers of the API are not counted.
// Times are processor time, because the engine waits for nothing. Before a turn that is measured the
// processor's caches are swept, because in a server that does other work in between they hold
// something else.

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/fleet.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/application/adapter.hpp"
#include "reconciler/base/json.hpp"
#include "reconciler/rollout/adapter.hpp"
#include "reconciler/rollout/release_hash.hpp"
#include "reconciler/runtime/engine.hpp"
#include "tests/bench/bench.hpp"

namespace slipway::runtime {
namespace {

using bench::Die;
using bench::Must;
using bench::Print;
using Json = nlohmann::json;

constexpr int kTurns = 21;
constexpr int kMostServers = 100'000;
constexpr std::size_t kSweptBytes = std::size_t{128} << 20;

const Commit kOldCommit(std::string(40, 'a'));
const Commit kNewCommit(std::string(40, 'b'));
const Time kThen{std::chrono::seconds(1767225600)};  // 2026-01-01

class CpuStopwatch {
 public:
  double Milliseconds() const { return (bench::CpuSeconds() - start_) * 1e3; }

 private:
  double start_ = bench::CpuSeconds();
};

// ---- The objects.

template <typename T>
T Named(const std::string& name) {
  char uid[64];
  std::snprintf(uid, sizeof uid, "6f1c2d0a-0000-4000-8000-%012zx",
                std::hash<std::string>{}(std::string(T::kKind) + name) & 0xffffffffffff);
  T object;
  object.metadata = {.name = name,
                     .ns = "production",
                     .uid = Uid(uid),
                     .generation = 3,
                     .creation_timestamp = kThen};
  return object;
}

api::OwnerReference OwnedBy(const char* kind, const api::ObjectMeta& owner) {
  return {.api_version = std::string(kApiVersion),
          .kind = kind,
          .name = owner.name,
          .uid = owner.uid,
          .controller = true,
          .block_owner_deletion = true};
}

api::ReleaseTemplate Release() {
  return {.install = api::Command{.run = "./install"},
          .processes = {{.name = "web",
                         .run = "./web --port 8080",
                         .health = {.http = api::HttpCheck{.port = 8080, .path = "/healthz"}}}}};
}

ReleaseHash Hash() {
  static const ReleaseHash hash = rollout::HashRelease(Release(), "");
  return hash;
}

/// How far a server is.
enum class Stage : std::uint8_t { kWaiting, kPreparing, kSwitching, kDone };

std::string ServerName(int number) {
  char name[32];
  std::snprintf(name, sizeof name, "web-%06d", number);
  return name;
}

api::Condition Holds(const char* type, const char* reason, const char* message) {
  return {.type = type,
          .status = api::ConditionStatus::kTrue,
          .reason = reason,
          .message = message,
          .observed_generation = 3,
          .last_transition_time = kThen};
}

api::Server Server(int number, Stage stage) {
  const bool taken = stage != Stage::kWaiting;
  const bool ended = stage == Stage::kWaiting || stage == Stage::kDone;
  const Commit& running = stage == Stage::kDone ? kNewCommit : kOldCommit;
  const std::string rollout = taken ? "shop-2" : "shop-1";
  const std::int64_t attempt = taken ? 5 : 4;
  auto server = Named<api::Server>(ServerName(number));
  server.metadata.labels = {{"role", "web"},
                            {"tier", "front"},
                            {"topology.kubernetes.io/zone", "eu-south-2a"},
                            {"node.kubernetes.io/instance-type", "m7g.large"}};
  server.metadata.owner_references = {OwnedBy("Fleet", Named<api::Fleet>("web").metadata)};
  server.spec = {.fleet = "web",
                 .provider_id = "static://" + server.metadata.name,
                 .address = "10.20.30.40",
                 .releases = {{.application = "shop",
                               .rollout = rollout,
                               .wave = 1,
                               .attempt = attempt,
                               .commit = taken ? kNewCommit : kOldCommit,
                               .hash = Hash()}}};
  server.status = {.observed_generation = 3,
                   .conditions = {Holds("Reachable", "Connected", "Its agent is connected."),
                                  Holds("Ready", "Reachable", "Its agent is connected.")},
                   .addresses = {"10.20.30.40", "fd00::1:2:3:4"},
                   .agent = api::AgentInfo{.version = "0.1.0", .incarnation = "1767225600000"}};
  api::ServerRelease release{.application = "shop"};
  release.running = api::Running{.commit = running,
                                 .hash = Hash(),
                                 .since = kThen,
                                 .health = api::RunningHealth::kHealthy,
                                 .digest = running.value};
  release.attempt =
      api::Attempt{.rollout = rollout,
                   .number = attempt,
                   .phase = ended                        ? api::AttemptPhase::kEnded
                            : stage == Stage::kPreparing ? api::AttemptPhase::kPreparing
                                                         : api::AttemptPhase::kSwitching,
                   .step = ended ? "health" : "install",
                   .result = ended ? std::optional(api::Outcome::kSucceeded) : std::nullopt};
  server.status.releases = {release};
  return server;
}

api::GitRepository Repository() {
  auto repository = Named<api::GitRepository>("shop");
  repository.spec.url = "https://git.example.com/shop";
  repository.status.artifact = api::Artifact{.revision = "main@sha1:" + kNewCommit.value,
                                             .commit = kNewCommit,
                                             .author = "A Person",
                                             .subject = "A change"};
  return repository;
}

api::Application Application() {
  auto application = Named<api::Application>("shop");
  application.spec.source.repository = "shop";
  application.spec.servers = {.fleets = {"web"},
                              .selector = api::LabelSelector{.match_labels = {{"role", "web"}}}};
  application.spec.release = Release();
  application.status.stable =
      api::ReleaseRef{.rollout = "shop-1", .commit = kOldCommit, .hash = Hash()};
  application.status.last_number = 2;
  application.status.active = "shop-2";
  return application;
}

api::Rollout Rollout(int number, const Commit& commit) {
  auto rollout = Named<api::Rollout>("shop-" + std::to_string(number));
  rollout.metadata.finalizers = {rollout::kPinFinalizer};
  rollout.metadata.owner_references = {OwnedBy("Application", Application().metadata)};
  rollout.spec.application = "shop";
  rollout.spec.number = number;
  rollout.spec.release = {
      .commit = commit, .tree = Tree(commit.value), .hash = Hash(), .ref = "main"};
  rollout.spec.template_ = {.source = api::Source{.repository = "shop"}, .release = Release()};
  rollout.status.gate.passed = true;
  return rollout;
}

// ---- The engine in its scene.

/// Plans that were made since somebody set it to nothing: a turn that was cut short must not pass for
/// a fast one.
struct Plans {
  int count = 0;
  double ms = 0;
};

/// A planner that is looked at.
class Watched final : public Planner {
 public:
  Watched(std::unique_ptr<Planner> planner, Plans& plans)
      : planner_(std::move(planner)), plans_(plans) {}

  Kind kind() const override { return planner_->kind(); }
  std::vector<Kind> reads() const override { return planner_->reads(); }
  void Register(CacheSchema& schema) const override { planner_->Register(schema); }
  std::string Group(const Object& object) const override { return planner_->Group(object); }
  void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const override {
    planner_->AffectedBy(cache, change, keys);
  }
  Plan MakePlan(const PlanInput& input) const override {
    const CpuStopwatch watch;
    Plan plan = planner_->MakePlan(input);
    plans_.ms += watch.Milliseconds();
    ++plans_.count;
    return plan;
  }

 private:
  std::unique_ptr<Planner> planner_;
  Plans& plans_;
};

/// The engine, what it is told, and an API that does at once what it wants.
class World {
 public:
  explicit World(int servers) : servers_(servers), engine_(Planners(), EngineOptions{}) {
    ListServers();
    List<api::GitRepository>(Kind::kGitRepository, {Repository()});
    List<api::Fleet>(Kind::kFleet, {Named<api::Fleet>("web")});
    List<api::TestRun>(Kind::kTestRun, {});
    auto before = Rollout(1, kOldCommit);
    before.status.phase = api::RolloutPhase::kSucceeded;
    auto active = Rollout(2, kNewCommit);
    active.status.phase = api::RolloutPhase::kProgressing;
    active.status.wave = 1;
    active.status.waves = {{.name = "all", .target = servers, .last = true}};
    active.status.stable = Application().status.stable;
    List<api::Rollout>(Kind::kRollout, {before, active});
    List<api::Application>(Kind::kApplication, {Application()});
    Settle();
    CheckScene();
  }

  int first_on_the_way() const { return servers_ / 2; }

  /// Milliseconds.
  double Report(int number, Stage stage) {
    const Bytes bytes = Text(Server(number, stage));
    const CpuStopwatch watch;
    engine_.ObjectChanged(Kind::kServer, bytes);
    return watch.Milliseconds();
  }

  /// Milliseconds.
  double Tick() {
    mono_ = mono_ + Duration(1);
    const CpuStopwatch watch;
    engine_.Tick(kThen + mono_.since_start, mono_);
    return watch.Milliseconds();
  }

  /// Does what the engine wants; returns how many servers were given an intent.
  int Answer() {
    int patched = 0;
    for (const Effect& effect : engine_.TakeEffects()) {
      patched += std::holds_alternative<Patch>(effect.work) ? 1 : 0;
      std::visit([&](const auto& work) { Do(effect, work); }, effect.work);
    }
    return patched;
  }

  /// Turns until there is nothing to do.
  void Settle() {
    for (int turn = 0; busy(); ++turn) {
      if (turn > servers_ + 1'000) {
        Die("the engine does not come to rest");
      }
      Tick();
      Answer();
    }
  }

  bool busy() const { return engine_.stats().queue_depth + engine_.stats().in_flight > 0; }
  double list_ms() const { return list_ms_; }

  Plans application_plans;
  Plans rollout_plans;

 private:
  std::vector<std::unique_ptr<Planner>> Planners() {
    const rollout::PlannerOptions options{.first_grace = Duration(0)};
    std::vector<std::unique_ptr<Planner>> planners;
    planners.push_back(
        std::make_unique<Watched>(application::MakeApplicationPlanner(options), application_plans));
    planners.push_back(
        std::make_unique<Watched>(rollout::MakeRolloutPlanner(options), rollout_plans));
    planners.push_back(rollout::MakeTestRunPlanner(options));
    return planners;
  }

  /// As the API gives it: a new version each time, and not a byte too many.
  template <typename T>
  Bytes Text(T object) {
    object.metadata.resource_version = std::to_string(++version_);
    return std::make_shared<const std::string>(std::string_view(api::Encode(object)));
  }

  template <typename T>
  void List(Kind kind, const std::vector<T>& objects) {
    std::vector<Bytes> list;
    for (const T& object : objects) {
      list.push_back(Text(object));
    }
    engine_.Replaced(kind, list, version_);
  }

  Stage StageAtFirst(int number) const {
    if (number < servers_ / 2) {
      return Stage::kDone;
    }
    return number < servers_ - servers_ / 4 ? Stage::kPreparing : Stage::kWaiting;
  }

  void ListServers() {
    std::vector<Bytes> list;
    list.reserve(static_cast<std::size_t>(servers_));
    for (int number = 0; number < servers_; ++number) {
      list.push_back(Text(Server(number, StageAtFirst(number))));
    }
    const CpuStopwatch watch;
    engine_.Replaced(Kind::kServer, list, version_);
    list_ms_ = watch.Milliseconds();
  }

  void Do(const Effect& effect, const WriteStatus& write) {
    Json object = ReadJson(*engine_.cache().Find(write.key)->bytes);
    object["status"] = ReadJson(write.status);
    Done(effect, std::move(object));
  }
  void Do(const Effect& effect, const Patch& patch) {
    Json object =
        ReadJson(*engine_.cache().Find(patch.key)->bytes).patch(ReadJson(patch.operations));
    object["metadata"]["generation"] = patch.generation + 1;
    Done(effect, std::move(object));
  }
  void Do(const Effect& effect, const Outside& outside) {
    if (!std::holds_alternative<ResolveRevision>(outside.request)) {
      Die("not expected: " + Describe(effect));
    }
    engine_.EffectDone(effect.id, OutsideResult(ResolvedRevision{.commit = kNewCommit,
                                                                 .tree = Tree(kNewCommit.value),
                                                                 .author = "A Person",
                                                                 .subject = "A change"}));
  }
  template <typename Work>
  void Do(const Effect& effect, const Work&) {
    Die("not expected: " + Describe(effect));
  }

  void Done(const Effect& effect, Json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    engine_.EffectDone(effect.id, ObjectResult(std::make_shared<const std::string>(object.dump())));
  }

  template <typename T>
  T Stored(Kind kind, const char* name) const {
    return Must(api::Decode<T>(*engine_.cache().Find({kind, "production", name})->bytes));
  }

  /// What was planned speaks of every server, and the rollout is where the scene says.
  void CheckScene() const {
    const int done = servers_ / 2;
    const int waiting = servers_ / 4;
    const auto application = Stored<api::Application>(Kind::kApplication, "shop").status;
    const auto active = Stored<api::Rollout>(Kind::kRollout, "shop-2").status;
    const api::ApplicationServers all{
        .total = servers_, .updated = done, .available = done + waiting};
    const api::RolloutServers brought{
        .total = servers_, .updated = done, .pending = servers_ - done - waiting};
    if (application.servers != all || active.servers != brought || application.active != "shop-2" ||
        active.phase != api::RolloutPhase::kProgressing) {
      Die("the scene is another one: " + api::Encode(application) + api::Encode(active));
    }
  }

  const int servers_;
  Engine engine_;
  std::uint64_t version_ = 0;
  MonoTime mono_;
  double list_ms_ = 0;
};

// ---- The measurements.

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void SweepCaches() {
  static std::vector<std::uint64_t> other(kSweptBytes / sizeof(std::uint64_t));
  for (std::size_t i = 0; i < other.size(); i += 64 / sizeof(std::uint64_t)) {
    ++other[i];
  }
}

/// One server says that its attempt goes on, which changes nothing for the others: the application
/// and its rollout are planned once each, and both find that all is as it should be.
void MeasureQuietTurns(World& world, int servers) {
  std::vector<double> turns;
  std::vector<double> applications;
  std::vector<double> rollouts;
  std::vector<double> reports;
  for (int turn = 0; turn < kTurns; ++turn) {
    world.application_plans = world.rollout_plans = {};
    SweepCaches();
    reports.push_back(world.Report(world.first_on_the_way() + turn, Stage::kSwitching));
    SweepCaches();
    turns.push_back(world.Tick());
    applications.push_back(world.application_plans.ms);
    rollouts.push_back(world.rollout_plans.ms);
    if (world.application_plans.count != 1 || world.rollout_plans.count != 1 || world.busy()) {
      Die("a turn is not what it should be");
    }
  }
  const std::string many = ", " + std::to_string(servers) + " servers";
  bench::Line both{"engine: plans of an application and its rollout" + many, Median(turns), "ms"};
  if (servers == kMostServers) {
    both.goal = bench::Goal{.bound = 20};
  }
  Print(both);
  Print({"engine: of these, the application's" + many, Median(applications), "ms", both.name});
  Print({"engine: of these, the rollout's" + many, Median(rollouts), "ms", both.name});
  Print({"engine: one report taken in" + many, Median(reports), "ms"});
}

/// As many servers as one plan may take become healthy, so the rollout takes as many others. It
/// takes several turns (counts are written in between), of which the longest counts.
void MeasureTakingTurns(World& world, int servers) {
  constexpr int kAtOnce = static_cast<int>(rollout::kMaxActions);
  std::vector<double> longest;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (int i = 0; i < kAtOnce; ++i) {
      world.Report(world.first_on_the_way() + turn * kAtOnce + i, Stage::kDone);
    }
    double most = 0;
    int taken = 0;
    while (world.busy()) {
      SweepCaches();
      most = std::max(most, world.Tick());
      taken += world.Answer();
    }
    longest.push_back(most);
    if (taken != kAtOnce) {
      Die(std::to_string(taken) + " servers were taken");
    }
  }
  Print({"engine: longest turn when " + std::to_string(kAtOnce) + " of " + std::to_string(servers) +
             " servers are taken",
         Median(longest), "ms"});
}

void MeasureTurns(int servers) {
  World world(servers);
  MeasureQuietTurns(world, servers);
  if (servers == kMostServers) {
    MeasureTakingTurns(world, servers);
    Print({"engine: a list of " + std::to_string(servers) + " servers taken in",
           world.list_ms() / 1e3, "s"});
  }
}

std::size_t Allocated() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// All that the engine keeps of a Server: its bytes, its header, its view, its places in the indexes
/// and whatever else it remembers by key.
void MeasureMemory() {
  constexpr int kServers = 10'000;
  const World first(8);  // what is made once
  const std::size_t before = Allocated();
  const World world(kServers);
  const double each = static_cast<double>(Allocated() - before) / kServers;
  api::Server one = Server(0, Stage::kDone);
  one.metadata.resource_version = "10000";
  const double text = static_cast<double>(api::Encode(one).size());
  Print({"engine: a Server as JSON text", text / 1024, "KiB"});
  Print({"engine: memory of one Server of " + std::to_string(kServers), each / 1024, "KiB",
         "engine: a Server as JSON text", bench::Goal{.bound = 8}});
}

void Measure() {
  MeasureMemory();
  for (const int servers : {1'000, 10'000, kMostServers}) {
    MeasureTurns(servers);
  }
}

}  // namespace
}  // namespace slipway::runtime

int main() {
  slipway::runtime::Measure();
  return 0;
}
