#include "tests/sim/host.hpp"

#include <algorithm>
#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::sim {
namespace {

constexpr Duration kWarmUp{1'500};  ///< a good process is healthy after this
constexpr Duration kSickAfter{20'000};
constexpr Duration kFirstCheck{700};    ///< of processes that an agent finds when it starts
constexpr Duration kFirstPause{1'000};  ///< between two attempts to connect; doubled each time
constexpr int kMostRounds = 1'000;

std::vector<host::Observed> Values(const std::map<std::string, host::Observed>& all) {
  std::vector<host::Observed> values;
  for (const auto& [name, observed] : all) {
    values.push_back(observed);
  }
  return values;
}

bool SaysTheSame(const protocol::Report& left, const protocol::Report& right) {
  const auto same_run = [](const protocol::TestRunReport& a, const protocol::TestRunReport& b) {
    return a.name == b.name && a.uid == b.uid && a.status == b.status;
  };
  return left.epoch == right.epoch && left.refused == right.refused &&
         left.releases == right.releases &&
         std::equal(left.test_runs.begin(), left.test_runs.end(), right.test_runs.begin(),
                    right.test_runs.end(), same_run);
}

/// The same number for the same server, for ever.
std::uint64_t HashOf(const std::string& name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char letter : name) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  }
  return hash;
}

}  // namespace

Host::Host(Surroundings surroundings, std::string name)
    : world_(std::move(surroundings)), name_(std::move(name)) {}

// ---- Life and death.

void Host::Start() {
  if (agent_ != nullptr) {
    return;
  }
  agent_ = std::make_unique<Process>(world_.loop);
  agent_began_ = world_.loop.Mono();
  const host::Journal before = journal_;
  journal_.incarnation = std::max<std::int64_t>(journal_.incarnation + 1,
                                                world_.loop.Now().time_since_epoch().count());
  world_.observer.OnJournal(*this, before, journal_);
  Kick();
  agent_->After(kFirstCheck, [this] { Kick(); });
  agent_->After(Duration(world_.rng.Below(1'000)), [this] { Connect(); });
}

void Host::CrashAgent() {
  if (agent_ == nullptr) {
    return;
  }
  Disconnect();
  agent_.reset();
  wanted_.reset();
  active_.reset();
  finished_.reset();
  report_.reset();
  kicked_ = false;
  sequence_ = acknowledged_ = sent_ = 0;
  failures_ = 0;
  for (auto* all : {&applications_, &tests_}) {
    for (auto& [name, observed] : *all) {
      for (host::ObservedProcess& process : observed.processes) {
        process.healthy_since.reset();
        process.was_healthy = false;
        process.bad_checks = 0;
        process.checked = false;
      }
    }
  }
  world_.loop.After(Duration(500 + world_.rng.Below(15'000)), [this] { Start(); });
}

void Host::Reboot() {
  CrashAgent();
  for (auto* all : {&applications_, &tests_}) {
    for (auto& [name, observed] : *all) {
      for (host::ObservedProcess& process : observed.processes) {
        process.running = false;
        process.ended = world_.loop.Mono();
        process.trouble = "the machine was restarted";
      }
    }
  }
}

void Host::SetReachable(bool reachable) {
  reachable_ = reachable;
  if (!reachable_ && link_ != nullptr) {
    link_->Break();
  }
}

// ---- The session.

void Host::Connect() {
  if (link_ != nullptr) {
    return;
  }
  const protocol::Hello hello{.protocol = {1},
                              .version = "sim",
                              .name = name_,
                              .incarnation = journal_.incarnation,
                              .sequence = sequence_,
                              .capabilities = {}};
  link_ = reachable_ ? world_.connect(*this, hello) : nullptr;
  if (link_ == nullptr) {
    const Duration longest =
        std::min(protocol::kLongestPause, kFirstPause * (1 << std::min(failures_++, 16)));
    agent_->After(Duration(world_.rng.Below(static_cast<std::uint64_t>(longest.count()))),
                  [this] { Connect(); });
    return;
  }
  failures_ = 0;
  sent_ = 0;
  link_->on_assign = [this](const protocol::Assign& assign) {
    host::Wanted wanted;
    wanted.epoch = assign.epoch;
    for (const protocol::ReleaseAssignment& release : assign.releases) {
      wanted.releases.push_back({.application = release.intent.application,
                                 .rollout = release.intent.rollout,
                                 .number = release.intent.attempt,
                                 .id = {release.intent.commit, release.intent.hash},
                                 .content = {release.repository, release.path, release.tree},
                                 .config = release.release});
    }
    for (const protocol::TestAssignment& test : assign.test_runs) {
      wanted.tests.push_back({.name = test.name,
                              .uid = test.uid,
                              .application = test.application,
                              .rollout = test.rollout,
                              .number = test.number,
                              .id = {test.commit, test.hash},
                              .content = {test.repository, test.path, test.tree},
                              .config = test.release_template});
    }
    if (!wanted_ || wanted_->epoch <= wanted.epoch) {
      wanted_ = std::move(wanted);
      ++assignments_;
      Kick();
    }
  };
  link_->on_ack = [this](const protocol::Ack& ack) {
    acknowledged_ = std::max(acknowledged_, std::min(ack.sequence, sequence_));
    SendReport();
  };
  link_->on_agent_close = [this] {
    link_.reset();
    if (agent_ != nullptr) {
      agent_->After(Duration(world_.rng.Below(3'000)), [this] { Connect(); });
    }
  };
  SendReport();
}

void Host::Disconnect() {
  if (link_ != nullptr) {
    link_->on_assign = nullptr;
    link_->on_ack = nullptr;
    link_->on_agent_close = nullptr;
    link_->Break();
    link_.reset();
  }
}

void Host::Report(const host::HostPlan& plan) {
  if (!plan.report_ready) {
    return;
  }
  protocol::Report report;
  report.epoch = journal_.epoch;
  report.refused = plan.refused;
  report.releases = plan.releases;
  for (const host::TestReport& test : plan.tests) {
    report.test_runs.push_back({.name = test.name, .uid = test.uid, .status = test.status});
  }
  if (report_ && SaysTheSame(*report_, report)) {
    return;
  }
  report.incarnation = journal_.incarnation;
  report.sequence = ++sequence_;
  report_ = std::move(report);
  SendReport();
}

void Host::SendReport() {
  if (link_ != nullptr && report_ && sent_ < sequence_ && sent_ <= acknowledged_) {
    sent_ = sequence_;
    link_->Send(*report_);
  }
}

// ---- The agent's turn.

void Host::Kick() {
  if (agent_ != nullptr && !kicked_) {
    kicked_ = true;
    agent_->After(Duration(1), [this] {
      kicked_ = false;
      Turn();
    });
  }
}

void Host::Turn() {
  for (int round = 0; round < kMostRounds; ++round) {
    Observe();
    const std::vector<host::Observed> applications = Values(applications_);
    const std::vector<host::Observed> tests = Values(tests_);
    const host::HostPlan plan = host::PlanHost({.journal = journal_,
                                                .wanted = wanted_ ? &*wanted_ : nullptr,
                                                .applications = applications,
                                                .tests = tests,
                                                .active = active_,
                                                .finished = finished_,
                                                .now = world_.loop.Mono(),
                                                .failed_removals = {}});
    finished_.reset();
    if (plan.journal == journal_) {
      Act(plan);
      return;
    }
    world_.observer.OnJournal(*this, journal_, plan.journal);
    journal_ = plan.journal;
  }
  SLIPWAY_UNREACHABLE("the planner of " + name_ + " does not come to rest");
}

void Host::Act(const host::HostPlan& plan) {
  for (const host::Upkeep& upkeep : plan.upkeep) {
    StartProcesses(applications_[upkeep.application], upkeep.release, upkeep.config);
  }
  if (plan.action) {
    Begin(*plan.action);
  }
  Report(plan);
  if (plan.wake_after) {
    agent_->After(*plan.wake_after, [this, wake = ++wake_] {
      if (wake == wake_) {
        Kick();
      }
    });
  }
}

Duration Host::LengthOf(const host::Action& action) {
  const auto between = [&](unsigned from, unsigned to) {
    return Duration(from + world_.rng.Below(to - from));
  };
  if (action.id.remove) {
    return between(10, 100);
  }
  switch (action.id.step) {
    case host::Step::kFetch:
      return between(200, 6'000);
    case host::Step::kInstall:
    case host::Step::kSuite:
      return between(500, 10'000);
    case host::Step::kTest:
    case host::Step::kPopulate:
    case host::Step::kCleanUp:
      return between(100, 2'000);
    case host::Step::kStop:
      return between(50, 3'000);
    case host::Step::kSwitch:
    case host::Step::kStart:
    case host::Step::kHealth:
      return between(5, 200);
  }
  SLIPWAY_UNREACHABLE("step outside the enum");
}

void Host::Begin(const host::Action& action) {
  world_.observer.OnBegin(*this, action);
  active_ = action.id;
  agent_->After(LengthOf(action), [this, action] { Finish(action); });
}

void Host::Finish(const host::Action& action) {
  host::Finished finished = OutcomeOf(action);
  Apply(action, finished.outcome);
  if (Faults::Happens(world_.rng, world_.faults.agent_crash_at_step)) {
    agent_->Kill();
    world_.loop.After(Duration(0), [this] { CrashAgent(); });
    return;
  }
  world_.observer.OnEnd(*this, action, finished);
  active_.reset();
  finished_ = std::move(finished);
  Kick();
}

host::Finished Host::OutcomeOf(const host::Action& action) {
  host::Finished finished{.id = action.id, .outcome = host::Outcome::kSucceeded};
  const CommitInfo* commit = world_.git.Find(action.release.commit);
  const Behaviour behaviour = commit == nullptr ? Behaviour::kGood : commit->behaviour;
  const bool is_test = !action.id.test_run.empty();
  bool bad = false;
  if (action.id.remove) {
    return finished;
  }
  if (action.id.step == host::Step::kFetch) {
    if (Faults::Happens(world_.rng, world_.faults.broken_connection)) {
      finished.outcome = host::Outcome::kInterrupted;
      finished.message = "the connection broke";
      return finished;
    }
  } else if (action.id.step == host::Step::kInstall) {
    bad = behaviour == Behaviour::kBadInstall;
  } else if (action.id.step == host::Step::kTest) {
    bad = behaviour == Behaviour::kBadOnServers && !is_test;
  } else if (action.id.step == host::Step::kSuite) {
    bad = behaviour == Behaviour::kBadSuite;
    finished.suite = api::SuiteResult{};
    finished.suite->name = action.suite->name;
    finished.suite->tests = 3;
    finished.suite->failures = bad ? 1 : 0;
    finished.suite->result = bad ? host::Outcome::kFailed : host::Outcome::kSucceeded;
  }
  if (bad) {
    finished.outcome = host::Outcome::kFailed;
    finished.message = std::string("it is ") + ToString(behaviour);
  }
  return finished;
}

void Host::Apply(const host::Action& action, host::Outcome outcome) {
  const bool is_test = !action.id.test_run.empty();
  const std::string owner = is_test ? action.id.test_run : action.id.application;
  host::Observed& observed = is_test ? tests_[owner] : applications_[owner];
  observed.name = owner;
  if (action.id.step == host::Step::kFetch) {
    roots_[owner + "/" + action.directory] = action.config.root;
  }
  if (action.id.remove) {
    for (const std::string& directory : action.remove) {
      const auto root = roots_.find(owner + "/" + directory);
      SLIPWAY_ASSERT(root == roots_.end() || root->second == action.config.root,
                     "a removal that looks in another place");
      std::erase(observed.directories, directory);
    }
    if (action.forget) {
      (is_test ? tests_ : applications_).erase(owner);
    }
    return;
  }
  if (action.id.step == host::Step::kFetch && !is_test) {
    observed.directories.push_back(action.directory);
  }
  if (outcome != host::Outcome::kSucceeded) {
    return;
  }
  if (action.id.step == host::Step::kStop) {
    for (host::ObservedProcess& process : observed.processes) {
      process.running = false;
      process.healthy_since.reset();
      process.was_healthy = false;
      process.ended = world_.loop.Mono();
      process.trouble = "was stopped";
    }
  } else if (action.id.step == host::Step::kSwitch) {
    observed.current = action.directory;
    observed.since = world_.loop.Now();
  } else if (action.id.step == host::Step::kStart) {
    StartProcesses(observed, action.release, action.config);
  }
}

void Host::StartProcesses(host::Observed& observed, const host::ReleaseId& id,
                          const api::ReleaseTemplate& config) {
  for (const api::Process& wanted : config.processes) {
    auto found = std::ranges::find(observed.processes, wanted.name, &host::ObservedProcess::name);
    if (found == observed.processes.end()) {
      observed.processes.push_back({.name = wanted.name});
      found = std::prev(observed.processes.end());
    }
    if (!found->running) {
      const int restarts = found->restarts + (found->id == id ? 1 : -found->restarts);
      *found = {.name = wanted.name, .running = true, .id = id, .restarts = restarts};
      began_[observed.name + "/" + wanted.name] = world_.loop.Mono();
    }
  }
  for (const Duration look : {Duration(400), kWarmUp, kSickAfter, kSickAfter + Duration(5'000)}) {
    agent_->After(look + Duration(1), [this] { Kick(); });
  }
}

// ---- How the processes are.

bool Host::BehavesBadly(const host::ReleaseId& id, bool is_test, MonoTime began) const {
  const CommitInfo* commit = world_.git.Find(id.commit);
  if (commit == nullptr || is_test) {
    return false;
  }
  switch (commit->behaviour) {
    case Behaviour::kUnhealthy:
    case Behaviour::kExits:
      return true;
    case Behaviour::kBadOnOne:
      return HashOf(name_) % 4 == 0;
    case Behaviour::kSickLater:
      return world_.loop.Mono() - began >= kSickAfter;
    case Behaviour::kGood:
    case Behaviour::kBadSuite:
    case Behaviour::kBadInstall:
    case Behaviour::kBadOnServers:
    case Behaviour::kEmpty:
      return false;
  }
  SLIPWAY_UNREACHABLE("behaviour outside the enum");
}

void Host::ObserveProcess(const std::string& owner, bool is_test, host::ObservedProcess& process) {
  const MonoTime now = world_.loop.Mono();
  if (now - agent_began_ < kFirstCheck && !process.checked) {
    return;
  }
  process.checked = true;
  if (!process.running) {
    return;
  }
  const MonoTime began = began_[owner + "/" + process.name];
  const Duration age = now - began;
  const bool bad = BehavesBadly(process.id, is_test, began);
  const CommitInfo* commit = world_.git.Find(process.id.commit);
  if (bad && commit->behaviour == Behaviour::kExits && age >= Duration(300)) {
    process.running = false;
    process.ended = now;
    process.healthy_since.reset();
    process.trouble = "ended with exit code 1";
    return;
  }
  if (bad) {
    process.healthy_since.reset();
    process.bad_checks = static_cast<int>(age / Duration(1'000)) + 1;
    process.trouble = "answered 500";
  } else if (age >= kWarmUp && !process.healthy_since) {
    process.healthy_since = now;
    process.was_healthy = true;
    process.bad_checks = 0;
    process.restarts = 0;
  }
}

void Host::Observe() {
  for (auto& [name, observed] : applications_) {
    for (host::ObservedProcess& process : observed.processes) {
      ObserveProcess(name, false, process);
    }
  }
  for (auto& [name, observed] : tests_) {
    for (host::ObservedProcess& process : observed.processes) {
      ObserveProcess(name, true, process);
    }
  }
}

bool Host::IsHealthyOn(const std::string& application, const host::ReleaseId& id) const {
  const auto found = applications_.find(application);
  if (found == applications_.end() || found->second.processes.empty()) {
    return false;
  }
  return std::ranges::all_of(found->second.processes, [&](const host::ObservedProcess& process) {
    const auto began = began_.find(application + "/" + process.name);
    return process.running && process.id == id && began != began_.end() &&
           !BehavesBadly(id, false, began->second);
  });
}

}  // namespace slipway::sim
