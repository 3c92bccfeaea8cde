#include <nlohmann/json.hpp>
#include <utility>

#include "tests/sim/scenario.hpp"

// Stories that nobody has thought of: any mixture of servers, strategies, pushes, people and faults.
namespace slipway::sim {
namespace {

using Json = nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kApplication = "shop";
constexpr const char* kInventory = "inventory web";

class Generator {
 public:
  explicit Generator(std::uint64_t seed)
      : rng_(seed * 2'654'435'761ULL + 1),
        cloud_rng_(seed * 2'654'435'761ULL + 2),
        join_rng_(seed * 2'654'435'761ULL + 3),
        asked_(seed % 5 == 1 || seed % 5 == 4) {}

  Scenario Make() {
    scenario_.name = "made up";
    scenario_.length = minutes(12 + rng_.Below(18));
    AddFleets();
    AddApplication();
    AddPushes();
    AddPeople();
    ChooseFaults();
    if (asked_ && join_rng_.Chance(60)) {
      AddJoining();
    }
    return std::move(scenario_);
  }

 private:
  template <typename T>
  T OneOf(std::initializer_list<T> choices) {
    return *(choices.begin() + rng_.Below(choices.size()));
  }

  void Add(Kind kind, const std::string& name, Json spec) {
    const Json object = {{"metadata", {{"name", name}}}, {"spec", std::move(spec)}};
    scenario_.objects.push_back({{.kind = kind, .ns = "default", .name = name}, object.dump()});
  }

  Step StepAt(Deed deed) {
    Step step;
    step.deed = deed;
    step.at = Duration(rng_.Below(static_cast<std::uint64_t>(scenario_.length.count())));
    step.target = kApplication;
    return step;
  }

  static Json Listed(const std::vector<std::string>& names) {
    Json servers = Json::array();
    for (const std::string& name : names) {
      servers.push_back({{"name", name}, {"labels", {{"role", "web"}}}});
    }
    return {{"provider", {{"static", {{"servers", servers}}}}}};
  }

  /// A fleet whose servers a provider lists.
  Json Asked() {
    scenario_.machines[kInventory] = web_;
    scenario_.machines[kInventory].emplace_back("web-new");
    scenario_.asleep = {"web-new"};
    return {{"provider", {{"exec", {{"run", kInventory}}}}},
            {"interval", cloud_rng_.Chance(50) ? "20s" : "1m"},
            {"absence",
             {{"confirmations", 1 + cloud_rng_.Below(3)},
              {"maxRemovals", cloud_rng_.Chance(50) ? "10%" : "50%"}}}};
  }

  void AddFleets() {
    const std::uint64_t count = OneOf({1, 2, 3, 4, 5, 6, 8});
    for (std::uint64_t i = 1; i <= count; ++i) {
      web_.push_back("web-" + std::to_string(i));
    }
    gated_ = rng_.Chance(80);
    Add(Kind::kFleet, "web", asked_ ? Asked() : Listed(web_));
    if (gated_) {
      Add(Kind::kFleet, "integration",
          Listed(rng_.Chance(40) ? std::vector<std::string>{"int-1", "int-2"}
                                 : std::vector<std::string>{"int-1"}));
    }
    Add(Kind::kGitRepository, kApplication,
        {{"url", "https://git.example.org/shop.git"}, {"interval", "30s"}});
  }

  Json Strategy() {
    Json waves = Json::array();
    if (rng_.Chance(75)) {
      waves.push_back({{"name", "canary"}, {"upTo", 1}, {"bake", OneOf({"0s", "10s", "40s"})}});
    }
    if (rng_.Chance(50)) {
      waves.push_back({{"name", "half"}, {"upTo", "50%"}, {"bake", OneOf({"0s", "20s"})}});
    }
    Json strategy = {{"maxUnavailable", OneOf<Json>({"25%", "50%", 1, 2, "100%"})},
                     {"progressDeadline", OneOf({"3m", "5m", "10m"})},
                     {"onNewRevision", OneOf({"Finish", "Supersede"})}};
    if (!waves.empty()) {
      strategy["waves"] = waves;
    }
    if (rng_.Chance(30)) {
      strategy["failureBudget"] = OneOf<Json>({1, "25%"});
    }
    if (rng_.Chance(40)) {
      strategy["unreachable"] = {{"max", OneOf<Json>({0, 1, "50%"})}};
    }
    if (rng_.Chance(10)) {
      strategy["rollback"] = "Never";
    }
    return strategy;
  }

  void AddApplication() {
    const Json process = {{"name", "web"},
                          {"run", "./web"},
                          {"stopTimeout", "3s"},
                          {"health",
                           {{"http", {{"port", 8080}, {"path", "/"}}},
                            {"interval", "1s"},
                            {"minHealthyTime", OneOf({"2s", "5s", "10s"})},
                            {"deadline", OneOf({"20s", "1m"})}}}};
    Json release = {{"root", "/srv/shop"}, {"processes", Json::array({process})}};
    if (rng_.Chance(70)) {
      release["install"] = {{"run", "make"}};
    }
    if (rng_.Chance(70)) {
      release["test"] = {{"run", "make check"}};
    }
    Json spec = {{"source", {{"repository", kApplication}}},
                 {"servers", {{"fleets", {"web"}}}},
                 {"release", release},
                 {"strategy", Strategy()}};
    if (gated_) {
      Json suites = Json::array({{{"name", "unit"}, {"run", "make test"}}});
      if (rng_.Chance(30)) {
        suites.push_back({{"name", "smoke"}, {"run", "./smoke"}});
      }
      spec["gate"] = {{"servers", {{"fleets", {"integration"}}}}, {"suites", suites}};
    }
    if (rng_.Chance(20)) {
      spec["revisionHistoryLimit"] = 2;
    }
    Add(Kind::kApplication, kApplication, spec);
  }

  void AddPushes() {
    Step first = StepAt(Deed::kPush);
    first.at = Duration(0);
    scenario_.steps.push_back(first);
    const std::uint64_t pushes = rng_.Below(5);
    for (std::uint64_t i = 0; i < pushes; ++i) {
      Step push = StepAt(Deed::kPush);
      if (rng_.Chance(50)) {
        push.behaviour = OneOf({Behaviour::kBadSuite, Behaviour::kBadInstall,
                                Behaviour::kBadOnServers, Behaviour::kUnhealthy, Behaviour::kExits,
                                Behaviour::kBadOnOne, Behaviour::kSickLater, Behaviour::kEmpty});
      }
      if (rng_.Chance(5)) {
        push.deed = Deed::kForcePush;
      }
      scenario_.steps.push_back(push);
    }
    if (rng_.Chance(5)) {
      Step push = StepAt(Deed::kPush);
      push.at = minutes(1);
      push.every = minutes(1);
      push.times = 10;
      scenario_.steps.push_back(push);
    }
  }

  void AddPeople() {
    if (rng_.Chance(30)) {
      Step step =
          StepAt(OneOf({Deed::kPause, Deed::kAbort, Deed::kPromote, Deed::kRetry, Deed::kUndo}));
      scenario_.steps.push_back(step);
      Step resume = step;
      resume.deed = Deed::kResume;
      resume.at += Duration(rng_.Below(300'000));
      scenario_.steps.push_back(resume);
    }
    if (rng_.Chance(20)) {
      EditFleet();
    }
    if (rng_.Chance(15)) {
      Step edit = StepAt(Deed::kMerge);
      edit.key = {.kind = Kind::kApplication, .ns = "default", .name = kApplication};
      edit.json =
          OneOf<Json>({{{"spec", {{"strategy", {{"maxUnavailable", "50%"}}}}}},
                       {{"spec", {{"release", {{"keep", 3}}}}}},
                       {{"spec", {{"release", {{"env", {{{"name", "A"}, {"value", "b"}}}}}}}}}})
              .dump();
      scenario_.steps.push_back(edit);
    }
    if (rng_.Chance(10)) {
      Step cordon = StepAt(Deed::kMerge);
      cordon.key = {.kind = Kind::kServer, .ns = "default", .name = web_.front()};
      cordon.json = R"({"spec":{"cordoned":true}})";
      scenario_.steps.push_back(cordon);
    }
  }

  /// Servers come and go.
  void EditFleet() {
    if (asked_) {
      return ChangeMachines();
    }
    std::vector<std::string> names = web_;
    if (names.size() > 1 && rng_.Chance(50)) {
      names.erase(names.begin() + static_cast<std::ptrdiff_t>(rng_.Below(names.size())));
    }
    if (rng_.Chance(60)) {
      names.push_back("web-new");
    }
    Step edit = StepAt(Deed::kMerge);
    edit.key = {.kind = Kind::kFleet, .ns = "default", .name = "web"};
    edit.json = Json({{"spec", Listed(names)}}).dump();
    scenario_.steps.push_back(edit);
  }

  void ChangeMachines() {
    Step change = StepAt(Deed::kLaunch);
    change.target = "web-new";
    scenario_.steps.push_back(change);
    const std::uint64_t count = rng_.Below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      change = StepAt(Deed::kTerminate);
      change.target = web_[rng_.Below(web_.size())];
      scenario_.steps.push_back(change);
    }
    if (rng_.Chance(50)) {
      Step confirm = StepAt(Deed::kConfirm);
      confirm.target = "web";
      scenario_.steps.push_back(confirm);
    }
  }

  Duration AnyTime() {
    return Duration(join_rng_.Below(static_cast<std::uint64_t>(scenario_.length.count())));
  }

  void AddDeed(Deed deed, const std::string& machine, Duration at) {
    Step step;
    step.deed = deed;
    step.at = at;
    step.target = machine;
    scenario_.steps.push_back(step);
  }

  /// Machines come into service by being let in, and go out of it for a while or for good.
  void AddJoining() {
    const std::uint64_t count = 1 + join_rng_.Below(3);
    for (std::uint64_t i = 1; i <= count; ++i) {
      const std::string machine = "late-" + std::to_string(i);
      scenario_.machines[kInventory].push_back(machine);
      scenario_.asleep.push_back(machine);
      const Duration at = AnyTime();
      AddDeed(Deed::kJoin, machine, at);
      if (join_rng_.Chance(15)) {
        AddDeed(Deed::kTerminate, machine, at + Duration(join_rng_.Below(300'000)));
      }
    }
    const std::uint64_t resting = join_rng_.Below(3);
    for (std::uint64_t i = 0; i < resting; ++i) {
      const std::string& machine = web_[join_rng_.Below(web_.size())];
      const Duration at = AnyTime();
      AddDeed(Deed::kStandBy, machine, at);
      if (join_rng_.Chance(80)) {
        AddDeed(join_rng_.Chance(50) ? Deed::kServe : Deed::kJoin, machine,
                at + Duration(join_rng_.Below(600'000)));
      }
    }
    if (scenario_.faults.failed_listing > 0) {
      scenario_.faults.failed_launch = static_cast<unsigned>(join_rng_.Below(5'000));
    }
  }

  void ChooseFaults() {
    Faults& faults = scenario_.faults;
    if (rng_.Chance(15)) {
      return;  // a quiet day
    }
    const auto some = [&](unsigned percent, unsigned chance) {
      return rng_.Chance(percent) ? static_cast<unsigned>(1 + rng_.Below(chance)) : 0U;
    };
    const auto mean = [&](unsigned percent, minutes length) {
      return rng_.Chance(percent)
                 ? Duration(30'000 +
                            rng_.Below(static_cast<std::uint64_t>(Duration(length).count())))
                 : Duration(0);
    };
    faults.lost_request = some(40, 300);
    faults.lost_answer = some(40, 300);
    faults.late_write = some(40, 300);
    faults.unavailable = some(40, 300);
    faults.doubled_write = some(40, 300);
    faults.doubled_answer = some(40, 500);
    faults.conflicting_write = some(40, 500);
    faults.late = some(40, 300);
    faults.expired_watch = some(40, 200);
    faults.stale_watch = some(40, 200);
    faults.failed_fetch = some(30, 3'000);
    if (asked_) {
      faults.failed_listing = static_cast<unsigned>(cloud_rng_.Below(3'000));
      faults.short_listing = static_cast<unsigned>(cloud_rng_.Below(2'000));
    }
    faults.broken_connection = some(40, 300);
    faults.doubled_report = some(40, 500);
    faults.reordered_report = some(40, 500);
    faults.crash_at_effect = some(30, 200);
    faults.agent_crash_at_step = some(20, 300);
    faults.server_crash = mean(30, minutes(10));
    faults.server_pause = mean(20, minutes(20));
    faults.agent_crash = mean(30, minutes(10));
    faults.reboot = mean(10, minutes(20));
    faults.vanish = mean(30, minutes(10));
    faults.wall_jump = mean(20, minutes(10));
  }

  Rng rng_;
  Rng cloud_rng_;  ///< its own, so that stories without a provider stay what they were
  Rng join_rng_;   ///< likewise for stories without machines that join
  Scenario scenario_;
  std::vector<std::string> web_;
  bool gated_ = true;
  bool asked_;  ///< a provider lists the servers
};

}  // namespace

Scenario MakeUpScenario(std::uint64_t seed) { return Generator(seed).Make(); }

}  // namespace slipway::sim
