#include "tests/sim/scenario.hpp"

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "src/objects/yaml.hpp"

namespace slipway::sim {
namespace {

using Json = nlohmann::json;
using Propagation = objects::DeleteRequest::Propagation;

/// How a deed is written: `{at: 1m, <word>: <target>}`.
constexpr std::array<std::pair<const char*, Deed>, 27> kWords = {{
    {"push", Deed::kPush},
    {"forcePush", Deed::kForcePush},
    {"rewind", Deed::kRewind},
    {"remoteDown", Deed::kRemoteDown},
    {"remoteUp", Deed::kRemoteUp},
    {"merge", Deed::kMerge},
    {"create", Deed::kCreate},
    {"delete", Deed::kDelete},
    {"pause", Deed::kPause},
    {"resume", Deed::kResume},
    {"abort", Deed::kAbort},
    {"promote", Deed::kPromote},
    {"retry", Deed::kRetry},
    {"undo", Deed::kUndo},
    {"vanish", Deed::kVanish},
    {"return", Deed::kReturn},
    {"crashAgent", Deed::kCrashAgent},
    {"reboot", Deed::kReboot},
    {"crashServer", Deed::kCrashServer},
    {"pauseServer", Deed::kPauseServer},
    {"jumpClock", Deed::kJumpClock},
    {"launch", Deed::kLaunch},
    {"terminate", Deed::kTerminate},
    {"join", Deed::kJoin},
    {"standBy", Deed::kStandBy},
    {"serve", Deed::kServe},
    {"confirm", Deed::kConfirm},
}};

Duration DurationOf(const Json& text) {
  const auto length = api::ParseDuration(text.get<std::string>());
  if (!length.has_value()) {
    throw std::invalid_argument(text.get<std::string>() + ": " + length.error().message);
  }
  return length.value();
}

Document DocumentOf(const Json& object) {
  const auto kind = runtime::KindNamed(object.at("kind").get<std::string>());
  if (!kind.has_value()) {
    throw std::invalid_argument("no kind " + object.at("kind").get<std::string>());
  }
  return {{.kind = *kind, .ns = "default", .name = object.at("metadata").at("name")},
          object.dump()};
}

Propagation PolicyNamed(const std::string& name) {
  const std::map<std::string, Propagation> policies = {{"Background", Propagation::kBackground},
                                                       {"Foreground", Propagation::kForeground},
                                                       {"Orphan", Propagation::kOrphan}};
  const auto found = policies.find(name);
  if (found == policies.end()) {
    throw std::invalid_argument("no deletion policy " + name);
  }
  return found->second;
}

Step StepOf(const Json& item) {
  Step step;
  step.at = DurationOf(item.at("at"));
  step.every = item.contains("every") ? DurationOf(item["every"]) : Duration(0);
  step.times = item.value("times", 1);
  step.length = item.contains("for") ? DurationOf(item["for"]) : Duration(0);
  for (const auto& [word, deed] : kWords) {
    const auto found = item.find(word);
    if (found == item.end()) {
      continue;
    }
    step.deed = deed;
    if (deed == Deed::kCreate) {
      const Document document = DocumentOf(*found);
      step.key = document.key;
      step.json = document.json;
      return step;
    }
    step.target = found->get<std::string>();
    if (deed == Deed::kPush || deed == Deed::kForcePush) {
      step.behaviour = BehaviourNamed(item.value("is", "good"));
    } else if (deed == Deed::kMerge) {
      step.key = KeyOfText(step.target);
      step.json = item.at("with").dump();
    } else if (deed == Deed::kDelete) {
      step.key = KeyOfText(step.target);
      step.policy = PolicyNamed(item.value("policy", "Background"));
    }
    return step;
  }
  throw std::invalid_argument("nothing that anybody can do: " + item.dump());
}

Faults FaultsOf(const Json& item) {
  Faults faults;
  const std::array<std::pair<const char*, unsigned*>, 19> chances = {{
      {"lostRequest", &faults.lost_request},
      {"lostAnswer", &faults.lost_answer},
      {"lateWrite", &faults.late_write},
      {"unavailable", &faults.unavailable},
      {"doubledWrite", &faults.doubled_write},
      {"doubledAnswer", &faults.doubled_answer},
      {"conflictingWrite", &faults.conflicting_write},
      {"late", &faults.late},
      {"expiredWatch", &faults.expired_watch},
      {"staleWatch", &faults.stale_watch},
      {"failedFetch", &faults.failed_fetch},
      {"failedListing", &faults.failed_listing},
      {"failedLaunch", &faults.failed_launch},
      {"shortListing", &faults.short_listing},
      {"brokenConnection", &faults.broken_connection},
      {"doubledReport", &faults.doubled_report},
      {"reorderedReport", &faults.reordered_report},
      {"crashAtEffect", &faults.crash_at_effect},
      {"agentCrashAtStep", &faults.agent_crash_at_step},
  }};
  const std::array<std::pair<const char*, Duration*>, 6> times = {{
      {"serverCrash", &faults.server_crash},
      {"serverPause", &faults.server_pause},
      {"agentCrash", &faults.agent_crash},
      {"reboot", &faults.reboot},
      {"vanish", &faults.vanish},
      {"wallJump", &faults.wall_jump},
  }};
  std::set<std::string> known;
  for (const auto& [name, chance] : chances) {
    *chance = item.value(name, 0U);
    known.insert(name);
  }
  for (const auto& [name, time] : times) {
    *time = item.contains(name) ? DurationOf(item[name]) : Duration(0);
    known.insert(name);
  }
  for (const auto& [name, value] : item.items()) {
    if (!known.contains(name)) {
      throw std::invalid_argument("no fault " + name);
    }
  }
  return faults;
}

Expectations ExpectationsOf(const Json& item) {
  Expectations expect;
  expect.phases = item.value("phases", expect.phases);
  expect.causes = item.value("causes", expect.causes);
  expect.stable = item.value("stable", expect.stable);
  expect.taken = item.value("taken", expect.taken);
  expect.absent = item.value("absent", expect.absent);
  expect.says = item.value("says", expect.says);
  expect.promotions = item.value("promotions", std::size_t{0});
  if (item.contains("stalled")) {
    expect.stalled = item["stalled"].get<std::string>();
  }
  return expect;
}

Scenario ScenarioOf(const Json& tree) {
  Scenario scenario;
  scenario.name = tree.at("name").get<std::string>();
  for (const Json& object : tree.at("objects")) {
    scenario.objects.push_back(DocumentOf(object));
  }
  scenario.machines = tree.value("machines", scenario.machines);
  scenario.asleep = tree.value("asleep", scenario.asleep);
  for (const Json& item : tree.at("workload")) {
    scenario.steps.push_back(StepOf(item));
  }
  scenario.faults = FaultsOf(tree.value("faults", Json::object()));
  scenario.length = DurationOf(tree.at("length"));
  scenario.settle = tree.contains("settle") ? DurationOf(tree["settle"]) : scenario.settle;
  scenario.expect = ExpectationsOf(tree.value("expect", Json::object()));
  scenario.seeds = tree.value("seeds", scenario.seeds);
  return scenario;
}

}  // namespace

Key KeyOfText(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto kind = runtime::KindNamed(text.substr(0, slash));
  if (!kind.has_value() || slash == std::string::npos) {
    throw std::invalid_argument(text + ": must be Kind/name");
  }
  return {.kind = *kind, .ns = "default", .name = text.substr(slash + 1)};
}

Result<Scenario> ReadScenario(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Fail(Code::kNotFound, path + " cannot be read");
  }
  std::ostringstream text;
  text << file.rdbuf();
  SLIPWAY_TRY(documents, objects::ParseYaml(text.str()));
  if (documents.size() != 1) {
    return Fail(Code::kInvalid, path + ": must be one YAML document");
  }
  try {
    return ScenarioOf(documents.front());
  } catch (const std::exception& thrown) {
    return Fail(Code::kInvalid, path + ": " + thrown.what());
  }
}

}  // namespace slipway::sim
