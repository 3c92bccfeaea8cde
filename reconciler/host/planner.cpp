#include "reconciler/host/planner.hpp"

#include <algorithm>

#include "reconciler/base/assert.hpp"
#include "reconciler/host/steps.hpp"

namespace slipway::host {
namespace steps {

const Observed* FindObserved(const std::vector<Observed>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Observed::name);
  return found == all.end() ? nullptr : &*found;
}

const ObservedProcess* FindProcess(const Observed* observed, const std::string& name) {
  if (observed == nullptr) {
    return nullptr;
  }
  const auto found = std::ranges::find(observed->processes, name, &ObservedProcess::name);
  return found == observed->processes.end() ? nullptr : &*found;
}

const WantedRelease* FindWanted(const Desk& desk, const std::string& application) {
  if (desk.wanted == nullptr) {
    return nullptr;
  }
  const auto found =
      std::ranges::find(desk.wanted->releases, application, &WantedRelease::application);
  return found == desk.wanted->releases.end() ? nullptr : &*found;
}

void WakeAfter(HostPlan& plan, std::optional<Duration> delay) {
  if (delay && (!plan.wake_after || *delay < *plan.wake_after)) {
    plan.wake_after = std::max(*delay, Duration{1});
  }
}

std::string Shorten(std::string text) {
  constexpr std::size_t kMaxBytes = 1'024;
  if (text.size() <= kMaxBytes) {
    return text;
  }
  std::size_t end = kMaxBytes - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end) + "...";
}

std::vector<Commit> CommitsToKeep(const Journal& journal, const std::string& repository) {
  std::vector<Commit> keep;
  for (const auto& [name, record] : journal.applications) {
    for (const ReleaseRecord& release : record.releases) {
      keep.push_back(release.id.commit);
    }
    if (record.attempt && record.attempt->content.repository == repository) {
      keep.push_back(record.attempt->id.commit);
    }
  }
  for (const auto& [name, test] : journal.tests) {
    if (!test.done && test.content.repository == repository) {
      keep.push_back(test.id.commit);
    }
  }
  std::ranges::sort(keep);
  keep.erase(std::unique(keep.begin(), keep.end()), keep.end());
  return keep;
}

namespace {

void AcceptEpoch(Desk& desk) {
  const Wanted* wanted = desk.snapshot.wanted;
  if (wanted == nullptr) {
    return;
  }
  if (wanted->epoch < desk.plan.journal.epoch) {
    desk.plan.refused = "the assignment is older than one that was accepted before (version " +
                        std::to_string(wanted->epoch.version) + " of store " +
                        wanted->epoch.incarnation + " after version " +
                        std::to_string(desk.plan.journal.epoch.version) + " of store " +
                        desk.plan.journal.epoch.incarnation + ")";
    return;
  }
  desk.plan.journal.epoch = wanted->epoch;
  desk.wanted = wanted;
}

void Fold(Desk& desk) {
  if (!desk.snapshot.finished) {
    return;
  }
  if (desk.snapshot.finished->id.test_run.empty()) {
    FoldAttempt(desk, *desk.snapshot.finished);
  } else {
    FoldGateRun(desk, *desk.snapshot.finished);
  }
}

}  // namespace
}  // namespace steps

HostPlan PlanHost(const HostSnapshot& snapshot) {
  HostPlan plan;
  plan.journal = snapshot.journal;
  steps::Desk desk{.snapshot = snapshot, .plan = plan};
  steps::AcceptEpoch(desk);
  steps::InterruptAttempts(desk);
  steps::InterruptGateRuns(desk);
  steps::Fold(desk);
  steps::ForgetGateRuns(desk);
  steps::ForgetApplications(desk);
  const bool busy =
      steps::DriveAttempt(desk) || steps::DriveGateRun(desk) || snapshot.active.has_value();
  if (!busy && !steps::BeginAttempt(desk) && !steps::BeginGateRun(desk)) {
    steps::RemoveGarbage(desk);
  }
  steps::KeepUp(desk);
  steps::FillReports(desk);
  if (plan.journal != snapshot.journal) {
    plan.action.reset();
    plan.upkeep.clear();
    plan.cancel = false;
  }
  SLIPWAY_ASSERT(!plan.action || !snapshot.active, "a second action beside the active one");
  return plan;
}

const api::ReleaseTemplate& ConfigOf(const ApplicationRecord& record) {
  static const api::ReleaseTemplate kNone;
  if (record.attempt) {
    return record.attempt->config;
  }
  return record.releases.empty() ? kNone : record.releases.back().config;
}

const char* ToString(Step step) {
  switch (step) {
    case Step::kFetch:
      return "Fetch";
    case Step::kInstall:
      return "Install";
    case Step::kTest:
      return "Test";
    case Step::kPopulate:
      return "Populate";
    case Step::kStop:
      return "Stop";
    case Step::kSwitch:
      return "Switch";
    case Step::kStart:
      return "Start";
    case Step::kHealth:
      return "Health";
    case Step::kSuite:
      return "Suite";
    case Step::kCleanUp:
      return "CleanUp";
  }
  SLIPWAY_UNREACHABLE("step outside the enum");
}

std::optional<Step> StepNamed(const std::string& name) {
  for (const Step step :
       {Step::kFetch, Step::kInstall, Step::kTest, Step::kPopulate, Step::kStop, Step::kSwitch,
        Step::kStart, Step::kHealth, Step::kSuite, Step::kCleanUp}) {
    if (name == ToString(step)) {
      return step;
    }
  }
  return std::nullopt;
}

}  // namespace slipway::host
