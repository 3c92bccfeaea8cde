#include "tests/reconciler/rollout/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"
#include "reconciler/rollout/test_run_planner.hpp"

namespace slipway::rollout::testing {
namespace {

using api::Outcome;

constexpr const char* kApp = "shop";
const Time kNow{std::chrono::seconds(1'767'225'600)};

bool SameRelease(const api::Intent& intent, const api::Running& running) {
  return intent.commit == running.commit && intent.hash == running.hash;
}

}  // namespace

Commit CommitOf(int n) {
  char text[41];
  std::snprintf(text, sizeof(text), "%040x", static_cast<unsigned>(n));
  return Commit(text);
}

int NumberOf(const Commit& commit) { return std::stoi(commit.value.substr(32), nullptr, 16); }

World::World(int count) {
  fate = [](const std::string&, int, int) { return Fate::kGood; };
  gate_result = [](int) { return Outcome::kSucceeded; };
  app.metadata = {.name = kApp, .ns = "default", .uid = Uid("uid-shop"), .generation = 1};
  app.spec.source.repository = "code";
  app.spec.servers.fleets = {"web"};
  app.spec.release.processes = {{.name = "web", .run = "serve"}};
  repository.metadata = {.name = "code", .ns = "default", .generation = 1};
  for (int index = 1; index <= count; ++index) {
    AddServer("web-" + std::to_string(index));
  }
}

void World::AddGate() {
  app.spec.gate = api::GateTemplate{.servers = {.fleets = {"integration"}}};
  AddServer("gate-1", "integration");
  AddServer("gate-2", "integration");
}

void World::Push(int commit) {
  repository.status.artifact =
      api::Artifact{.revision = "main@sha1:" + CommitOf(commit).value, .commit = CommitOf(commit)};
}

void World::AddServer(const std::string& name, const std::string& fleet) {
  api::Server server;
  server.metadata = {.name = name, .ns = "default", .uid = Uid("uid-" + name), .generation = 1};
  server.spec.fleet = fleet;
  servers[name] = server;
  SetReachable(name, true);
}

// By value: the name may be that of the very entry.
void World::RemoveServer(std::string name) {  // NOLINT(performance-unnecessary-value-param)
  servers.erase(name);
  facts_.erase(name);
  truth_.erase(name);
}

void World::Forget() {
  elapsed_.clear();
  answer_.reset();
  pin_.reset();
}

void World::SetReachable(const std::string& name, bool reachable) {
  api::Server& server = servers.at(name);
  server.status.conditions = {
      {.type = "Reachable",
       .status = reachable ? api::ConditionStatus::kTrue : api::ConditionStatus::kFalse,
       .reason = "Test"}};
  facts_.erase(name);
  if (reachable) {
    Report(name);
  }
}

void World::Promote(int commit, std::int64_t number) {
  api::Rollout done;
  done.metadata = {.name = RolloutName(kApp, number),
                   .ns = "default",
                   .uid = Uid("uid-" + RolloutName(kApp, number)),
                   .generation = 1};
  const ReleaseHash hash(std::string(64, '0'));
  done.spec = {.application = kApp,
               .number = number,
               .release = {.commit = CommitOf(commit), .hash = hash, .ref = "main"}};
  done.status.phase = api::RolloutPhase::kSucceeded;
  done.status.wave = 1;
  done.status.message = "Promoted to all servers.";
  done.status.observed_generation = 1;
  done.status.gate.passed = true;
  rollouts[number] = done;
  names_.insert(done.metadata.name);
  app.status.last_number = number;
  app.status.stable =
      api::ReleaseRef{.rollout = done.metadata.name, .commit = CommitOf(commit), .hash = hash};
  app.status.promoted = api::PromotedRevision{.ref = "main", .commit = CommitOf(commit)};
  for (auto& [name, server] : servers) {
    if (server.spec.fleet != "web") {
      continue;
    }
    server.spec.releases = {{.application = kApp,
                             .rollout = done.metadata.name,
                             .wave = 1,
                             .attempt = 1,
                             .commit = CommitOf(commit),
                             .hash = hash}};
    TruthOn(name) = {.application = kApp,
                     .running = api::Running{.commit = CommitOf(commit),
                                             .hash = hash,
                                             .health = api::RunningHealth::kHealthy},
                     .attempt = api::Attempt{.rollout = done.metadata.name,
                                             .number = 1,
                                             .phase = api::AttemptPhase::kEnded,
                                             .result = Outcome::kSucceeded}};
    Report(name);
  }
}

std::int64_t World::Repeat(std::int64_t number, bool hold) {
  const std::int64_t next = std::max(app.status.last_number, rollouts.rbegin()->first) + 1;
  api::Rollout copy;
  copy.metadata = {.name = RolloutName(kApp, next),
                   .ns = "default",
                   .uid = Uid("uid-" + RolloutName(kApp, next)),
                   .generation = 1};
  copy.spec = rollouts.at(number).spec;
  copy.spec.number = next;
  copy.spec.hold = hold;
  if (hold) {
    copy.spec.release.ref.clear();
  }
  copy.spec.paused = false;
  copy.spec.aborted = false;
  rollouts[next] = copy;
  names_.insert(copy.metadata.name);
  return next;
}

bool World::Step() {
  wake_.reset();
  CheckAlways();
  if (PlanTheApplication()) {
    return true;
  }
  for (auto& [number, rollout] : rollouts) {
    if (PlanARollout(rollout)) {
      return true;
    }
  }
  return std::ranges::any_of(test_runs, [&](auto& run) { return PlanATestRun(run.second); });
}

bool World::StepKey(std::size_t key) {
  CheckAlways();
  if (key == 0) {
    return PlanTheApplication();
  }
  if (key <= rollouts.size()) {
    return PlanARollout(std::next(rollouts.begin(), static_cast<std::ptrdiff_t>(key - 1))->second);
  }
  const auto index = static_cast<std::ptrdiff_t>(key - 1 - rollouts.size());
  return PlanATestRun(std::next(test_runs.begin(), index)->second);
}

bool World::PlanTheApplication() {
  std::vector<const api::Rollout*> all;
  for (const auto& [number, rollout] : rollouts) {
    all.push_back(&rollout);
  }
  const std::vector<ServerView> views = Views("web");
  const application::Plan plan =
      application::PlanApplication({.application = app,
                                    .repository = &repository,
                                    .answer = answer_ ? &*answer_ : nullptr,
                                    .pin = pin_ ? &*pin_ : nullptr,
                                    .rollouts = all,
                                    .servers = views,
                                    .settled = settled,
                                    .now = kNow});
  if (plan.requeue_after) {
    wake_ = std::min(wake_.value_or(*plan.requeue_after), *plan.requeue_after);
  }
  if (plan.status != app.status) {
    app.status = plan.status;
    log.push_back("shop status");
    return true;
  }
  bool written = false;
  for (const application::Action& action : plan.actions) {
    written = Apply(action) || written;
  }
  return written;
}

bool World::Descends(const Commit& head, const Commit& ancestor) const {
  if (ancestor.empty() || !parents.contains(NumberOf(head))) {
    return true;
  }
  for (int at = NumberOf(head); at > 0;) {
    if (at == NumberOf(ancestor)) {
      return true;
    }
    const auto parent = parents.find(at);
    at = parent == parents.end() ? at - 1 : parent->second;
  }
  return false;
}

/// False where it was refused.
bool World::Apply(const application::Action& action) {
  if (const auto* ask = std::get_if<application::AskRevision>(&action)) {
    answer_ = application::Answer{.query = ask->query,
                                  .revision = application::Revision{
                                      .commit = ask->query.head,
                                      .tree = Tree(ask->query.head.value),
                                      .descends = Descends(ask->query.head, ask->query.ancestor),
                                      .manifest = manifest}};
    if (resolve_error) {
      answer_->revision = *resolve_error;
      answer_->failures = 1;
    }
  } else if (const auto* pin = std::get_if<application::PinCommit>(&action)) {
    pins_[pin->id] = pin->commit;
    pin_ = application::PinState{.id = pin->id, .commit = pin->commit};
  } else if (const auto* create = std::get_if<application::CreateRollout>(&action)) {
    if (!names_.insert(create->name).second) {
      Violated("the name " + create->name + " is used again");
    }
    if (pins_[create->name] != create->spec.release.commit) {
      Violated(create->name + " names a commit that is not pinned");
    }
    api::Rollout rollout;
    rollout.metadata = {
        .name = create->name, .ns = "default", .uid = Uid("uid-" + create->name), .generation = 1};
    rollout.spec = create->spec;
    rollouts[create->spec.number] = rollout;
    log.push_back("create " + create->name);
  } else if (const auto* removal = std::get_if<application::DeleteRollout>(&action)) {
    const std::int64_t number = removal->rollout->spec.number;
    log.push_back("delete " + removal->rollout->metadata.name);
    rollouts.erase(number);
  } else if (const auto* assign = std::get_if<AssignIntent>(&action)) {
    return Apply(*assign);
  }
  return true;
}

Plan World::PlanOf(std::int64_t number) {
  const api::Rollout& rollout = rollouts.at(number);
  std::vector<const api::Rollout*> others;
  std::vector<const api::TestRun*> runs;
  std::vector<GateServer> gate;
  for (const auto& [other_number, other] : rollouts) {
    if (other_number != number) {
      others.push_back(&other);
    }
  }
  for (const auto& [name, run] : test_runs) {
    if (run.spec.rollout == rollout.metadata.name) {
      runs.push_back(&run);
    }
  }
  const std::vector<ServerView> views = Views("web");
  if (rollout.spec.template_.gate) {
    for (const std::string& fleet : rollout.spec.template_.gate->servers.fleets) {
      for (const ServerView& view : Views(fleet)) {
        gate.push_back({.server = view.server});
      }
    }
  }
  return PlanRollout({.application = &app,
                      .rollout = rollout,
                      .others = others,
                      .test_runs = runs,
                      .servers = views,
                      .gate_servers = gate,
                      .elapsed = elapsed_[rollout.metadata.name],
                      .settled = settled,
                      .now = kNow});
}

bool World::PlanARollout(api::Rollout& rollout) {
  const Plan plan = PlanOf(rollout.spec.number);
  if (plan.requeue_after) {
    wake_ = std::min(wake_.value_or(*plan.requeue_after), *plan.requeue_after);
  }
  if (plan.status != rollout.status) {
    CheckTransition(rollout, plan.status);
    log.push_back(rollout.metadata.name + " " + std::string(api::ToString(plan.status.phase)) +
                  ": " + plan.status.message);
    rollout.status = plan.status;
    elapsed_[rollout.metadata.name] = Duration(0);
    return true;
  }
  // As in the engine: all actions of one plan are made from one snapshot.
  bool written = false;
  for (const Action& action : plan.actions) {
    if (const auto* assign = std::get_if<AssignIntent>(&action)) {
      written = Apply(*assign) || written;
    } else {
      Apply(std::get<CreateTestRun>(action), rollout);
      written = true;
    }
  }
  return written;
}

bool World::Apply(const AssignIntent& action) {
  api::Server& server = servers.at(action.view.server->name);
  if (refused.contains(server.metadata.name)) {
    return false;
  }
  CheckTaking(action);
  if (server.spec.releases.empty()) {
    server.spec.releases.push_back(action.intent);
  } else {
    if (action.intent.attempt <= server.spec.releases.front().attempt) {
      Violated("attempt numbers of " + server.metadata.name + " do not grow");
    }
    server.spec.releases.front() = action.intent;
  }
  ++server.metadata.generation;
  log.push_back(server.metadata.name + " <- " + action.intent.rollout + " wave " +
                std::to_string(action.intent.wave) + " attempt " +
                std::to_string(action.intent.attempt));
  return true;
}

void World::Apply(const CreateTestRun& action, const api::Rollout& rollout) {
  api::TestRun run;
  run.metadata = {.name = action.name, .ns = "default", .uid = Uid("uid-" + action.name)};
  run.spec = action.spec;
  if (run.spec.commit != rollout.spec.release.commit || test_runs.contains(action.name)) {
    Violated("test run " + action.name + " is odd");
  }
  test_runs[action.name] = run;
  log.push_back("create " + action.name + " on " + action.spec.server);
}

bool World::PlanATestRun(api::TestRun& run) {
  const api::Rollout* owner = nullptr;
  for (const auto& [number, rollout] : rollouts) {
    owner = rollout.metadata.name == run.spec.rollout ? &rollout : owner;
  }
  const auto server = servers.find(run.spec.server);
  const ServerFacts facts =
      server != servers.end() ? MakeServerFacts(server->second) : ServerFacts();
  const TestRunPlan plan = PlanTestRun({.test_run = run,
                                        .rollout = owner,
                                        .server = server != servers.end() ? &facts : nullptr,
                                        .elapsed = elapsed_[run.metadata.name],
                                        .settled = settled,
                                        .now = kNow});
  if (plan.requeue_after) {
    wake_ = std::min(wake_.value_or(*plan.requeue_after), *plan.requeue_after);
  }
  if (plan.status == run.status) {
    return false;
  }
  run.status = plan.status;
  elapsed_[run.metadata.name] = Duration(0);
  log.push_back(run.metadata.name + " " + run.status.message);
  return true;
}

api::ServerRelease& World::TruthOn(const std::string& server) {
  api::ServerRelease& truth = truth_[server];
  truth.application = kApp;
  return truth;
}

api::ServerRelease* World::ReportOn(const std::string& server) { return &TruthOn(server); }

void World::Report(const std::string& name) {
  const auto truth = truth_.find(name);
  if (truth != truth_.end()) {
    servers.at(name).status.releases = {truth->second};
  }
}

bool World::StepAgents() {
  bool any = false;
  std::vector<std::string> names;
  for (const auto& [name, server] : servers) {
    names.push_back(name);
  }
  for (const std::string& name : names) {
    any = StepAgent(name) || any;
    any = StepGate(name) || any;
  }
  return any;
}

bool World::StepAgent(const std::string& name) {
  const api::Server& server = servers.at(name);
  const bool reachable = server.status.conditions.front().status == api::ConditionStatus::kTrue;
  const api::Intent* intent = IntentOn(name);
  if (intent == nullptr || !reachable) {
    return false;
  }
  const auto named = rollouts.find(RolloutNumber(kApp, intent->rollout));
  if (!Live(*intent, app, named == rollouts.end() ? nullptr : &named->second)) {
    return false;
  }
  const bool moved = Advance(name, *intent);
  if (moved) {
    Report(name);
  }
  return moved;
}

/// One step of an attempt: preparing, switching, verifying, ended.
bool World::Advance(const std::string& name, const api::Intent& intent) {
  api::ServerRelease& truth = TruthOn(name);
  auto& attempt = truth.attempt;
  if (!attempt || attempt->rollout != intent.rollout || attempt->number != intent.attempt) {
    attempt = api::Attempt{.rollout = intent.rollout,
                           .number = intent.attempt,
                           .phase = api::AttemptPhase::kPreparing};
    return true;
  }
  const auto end = [&](Outcome result, const char* message) {
    attempt->phase = api::AttemptPhase::kEnded;
    attempt->result = result;
    attempt->message = message;
    return true;
  };
  const Fate destiny = fate(name, NumberOf(intent.commit), static_cast<int>(intent.attempt));
  switch (attempt->phase) {
    case api::AttemptPhase::kPreparing:
      if (destiny == Fate::kBadInstall) {
        return end(Outcome::kFailed, "install: exit code 1");
      }
      attempt->phase = api::AttemptPhase::kSwitching;
      if (truth.running && !SameRelease(intent, *truth.running)) {
        truth.running->health = api::RunningHealth::kStopped;
      }
      return true;
    case api::AttemptPhase::kSwitching:
      if (destiny == Fate::kInterrupted) {
        return end(Outcome::kInterrupted, "the agent died");
      }
      attempt->phase = api::AttemptPhase::kVerifying;
      if (!truth.running || !SameRelease(intent, *truth.running)) {
        truth.running = api::Running{
            .commit = intent.commit, .hash = intent.hash, .health = api::RunningHealth::kStarting};
      }
      return true;
    case api::AttemptPhase::kVerifying:
      if (destiny == Fate::kHangs) {
        return false;
      }
      truth.running->health = destiny == Fate::kUnhealthy ? api::RunningHealth::kUnhealthy
                                                          : api::RunningHealth::kHealthy;
      return destiny == Fate::kUnhealthy ? end(Outcome::kFailed, "web: connection refused")
                                         : end(Outcome::kSucceeded, "");
    case api::AttemptPhase::kEnded:
      return false;
  }
  return false;
}

bool World::StepGate(const std::string& name) {
  if (servers.at(name).status.conditions.front().status != api::ConditionStatus::kTrue) {
    return false;
  }
  for (auto& [run_name, run] : test_runs) {
    if (run.spec.server != name || run.status.phase == api::TestRunPhase::kEnded) {
      continue;
    }
    if (run.status.phase == api::TestRunPhase::kPending) {
      run.status.phase = api::TestRunPhase::kRunning;
    } else {
      run.status.phase = api::TestRunPhase::kEnded;
      run.status.result = gate_result(NumberOf(run.spec.commit));
      run.status.message = run.status.result == Outcome::kFailed ? "1 of 3 cases failed" : "";
    }
    return true;
  }
  return false;
}

void World::Pass(Duration length) {
  time += length;
  for (const auto& [number, rollout] : rollouts) {
    elapsed_[rollout.metadata.name] += length;
  }
  for (const auto& [name, run] : test_runs) {
    elapsed_[name] += length;
  }
  if (answer_) {
    answer_->age += length;
  }
}

void World::Settle() {
  for (int steps = 0; Step(); ++steps) {
    if (steps > 100'000) {
      Violated("the planners never come to rest; last: " + log.back());
      return;
    }
  }
}

void World::Run(Duration limit) {
  const Duration end = time + limit;
  for (int rounds = 0; rounds < 100'000; ++rounds) {
    Settle();
    if (StepAgents()) {
      Pass(std::chrono::seconds(1));
      continue;
    }
    if (!wake_ || time + *wake_ > end) {
      return;
    }
    Pass(std::max(*wake_, Duration(1)));
  }
  Violated("the world never comes to rest; last: " + log.back());
}

void World::RunUntil(const std::function<bool()>& holds) {
  for (int rounds = 0; rounds < 100'000; ++rounds) {
    if (holds()) {
      return;
    }
    if (Step() || StepAgents()) {
      continue;
    }
    if (!wake_) {
      break;
    }
    Pass(std::max(*wake_, Duration(1)));
  }
  ADD_FAILURE() << "it never came to that; last: " << (log.empty() ? "nothing" : log.back());
}

int World::RunningOn(const std::string& server) const {
  const auto truth = truth_.find(server);
  return truth == truth_.end() || !truth->second.running ? 0
                                                         : NumberOf(truth->second.running->commit);
}

std::map<int, int> World::CountByCommit() const {
  std::map<int, int> counts;
  for (const auto& [name, server] : servers) {
    if (server.spec.fleet == "web") {
      ++counts[RunningOn(name)];
    }
  }
  return counts;
}

const api::Intent* World::IntentOn(const std::string& server) const {
  const auto& releases = servers.at(server).spec.releases;
  return releases.empty() ? nullptr : &releases.front();
}

std::vector<std::string> World::WithIntentOf(std::int64_t number) const {
  std::vector<std::string> names;
  for (const auto& [name, server] : servers) {
    const api::Intent* intent = IntentOn(name);
    if (intent != nullptr && intent->rollout == RolloutName(kApp, number)) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<ServerView> World::Views(const std::string& fleet) {
  std::vector<ServerView> views;
  for (const auto& [name, server] : servers) {
    if (server.spec.fleet == fleet) {
      facts_[name] = MakeServerFacts(server);
      views.push_back(ViewOf(facts_[name], kApp));
    }
  }
  return views;
}

}  // namespace slipway::rollout::testing
