#include <algorithm>
#include <set>

#include "reconciler/base/assert.hpp"
#include "reconciler/host/steps.hpp"

namespace slipway::host::steps {
namespace {

/// Bad checks in a row that make a process which was healthy an unhealthy one.
constexpr int kBadChecks = 3;

api::AttemptPhase PhaseOf(const AttemptRecord& attempt) {
  if (attempt.result) {
    return api::AttemptPhase::kEnded;
  }
  switch (attempt.step) {
    case Step::kFetch:
    case Step::kInstall:
    case Step::kTest:
    case Step::kPopulate:
      return api::AttemptPhase::kPreparing;
    case Step::kStop:
    case Step::kSwitch:
    case Step::kStart:
      return api::AttemptPhase::kSwitching;
    case Step::kHealth:
    case Step::kSuite:
    case Step::kCleanUp:
      return api::AttemptPhase::kVerifying;
  }
  SLIPWAY_UNREACHABLE("step outside the enum");
}

api::RunningHealth HealthOfProcess(const ObservedProcess* process, const ReleaseId& id,
                                   bool verifying) {
  if (process == nullptr || !process->running || process->id != id) {
    return api::RunningHealth::kStopped;
  }
  if (process->healthy_since) {
    return api::RunningHealth::kHealthy;
  }
  const bool bad = process->bad_checks >= kBadChecks;
  if (process->was_healthy) {
    return bad ? api::RunningHealth::kUnhealthy : api::RunningHealth::kHealthy;
  }
  return bad && !verifying ? api::RunningHealth::kUnhealthy : api::RunningHealth::kStarting;
}

/// The worst of its processes; Stopped only where none runs.
api::RunningHealth HealthOf(const std::vector<std::string>& names, const ReleaseId& id,
                            const Observed& observed, bool verifying) {
  bool any_runs = false;
  bool starting = false;
  bool unhealthy = false;
  for (const std::string& name : names) {
    switch (HealthOfProcess(FindProcess(&observed, name), id, verifying)) {
      case api::RunningHealth::kHealthy:
        any_runs = true;
        break;
      case api::RunningHealth::kStarting:
        any_runs = true;
        starting = true;
        break;
      case api::RunningHealth::kUnhealthy:
        any_runs = true;
        unhealthy = true;
        break;
      case api::RunningHealth::kStopped:
        unhealthy = true;
        break;
    }
  }
  if (!any_runs) {
    return api::RunningHealth::kStopped;
  }
  if (unhealthy) {
    return api::RunningHealth::kUnhealthy;
  }
  return starting ? api::RunningHealth::kStarting : api::RunningHealth::kHealthy;
}

/// What runs: as `current` and the journal say it; where they do not know, as the processes
/// themselves say it.
std::optional<api::Running> RunningOf(const ApplicationRecord& record, const Observed& observed) {
  ReleaseId id;
  Tree tree;
  std::vector<std::string> names;
  const auto release =
      std::ranges::find(record.releases, observed.current, &ReleaseRecord::directory);
  if (release != record.releases.end()) {
    id = release->id;
    tree = release->tree;
    for (const api::Process& process : release->config.processes) {
      names.push_back(process.name);
    }
  } else {
    for (const ObservedProcess& process : observed.processes) {
      if (process.running) {
        id = process.id;
        names.push_back(process.name);
      }
    }
  }
  if (id.commit.empty()) {
    return std::nullopt;
  }
  const bool verifying = record.attempt && !record.attempt->result;
  api::Running running;
  running.commit = id.commit;
  running.hash = id.hash;
  running.since = observed.since;
  running.health = HealthOf(names, id, observed, verifying);
  running.digest = tree.value;
  return running;
}

std::optional<api::Attempt> AttemptOf(const ApplicationRecord& record) {
  if (!record.attempt) {
    return std::nullopt;
  }
  api::Attempt attempt;
  attempt.rollout = record.attempt->rollout;
  attempt.number = record.attempt->number;
  attempt.phase = PhaseOf(*record.attempt);
  attempt.step = ToString(record.attempt->step);
  attempt.result = record.attempt->result;
  attempt.message = record.attempt->message;
  return attempt;
}

TestReport ReportOf(const TestRecord& test) {
  TestReport report{.name = test.name, .uid = test.uid, .status = {}};
  report.status.phase = test.done ? api::TestRunPhase::kEnded : api::TestRunPhase::kRunning;
  if (test.done) {
    report.status.result = test.result;
  }
  report.status.message = test.message;
  report.status.step = ToString(test.step);
  report.status.suites = test.suites;
  report.status.failures = test.failures;
  return report;
}

}  // namespace

void FillReports(Desk& desk) {
  HostPlan& plan = desk.plan;
  plan.report_ready = true;
  std::set<std::string> applications;
  for (const auto& [application, record] : plan.journal.applications) {
    applications.insert(application);
  }
  for (const Observed& observed : desk.snapshot.applications) {
    applications.insert(observed.name);
  }
  for (const std::string& application : applications) {
    const auto found = plan.journal.applications.find(application);
    const ApplicationRecord record =
        found == plan.journal.applications.end() ? ApplicationRecord{} : found->second;
    api::ServerRelease release;
    release.application = application;
    if (const Observed* observed = FindObserved(desk.snapshot.applications, application)) {
      release.running = RunningOf(record, *observed);
      plan.report_ready =
          plan.report_ready && std::ranges::all_of(observed->processes, &ObservedProcess::checked);
    }
    release.attempt = AttemptOf(record);
    if (release.running || release.attempt) {
      plan.releases.push_back(std::move(release));
    }
  }
  // More than that is refused whole.
  plan.releases.resize(std::min(plan.releases.size(), kMaxApplications));
  for (const auto& [name, test] : plan.journal.tests) {
    plan.tests.push_back(ReportOf(test));
  }
}

}  // namespace slipway::host::steps
