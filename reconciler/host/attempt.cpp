#include <algorithm>
#include <array>

#include "reconciler/api/conditions.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/host/steps.hpp"

namespace slipway::host::steps {
namespace {

constexpr std::array kOrder = {Step::kFetch,  Step::kInstall, Step::kTest,  Step::kStop,
                               Step::kSwitch, Step::kStart,   Step::kHealth};

/// What runs is not touched by these.
bool IsPreparing(Step step) {
  return step == Step::kFetch || step == Step::kInstall || step == Step::kTest;
}

bool InProgress(const ApplicationRecord& record) {
  return record.attempt && !record.attempt->result;
}

ActionId IdOf(const std::string& application, const AttemptRecord& attempt) {
  return {.application = application,
          .test_run = "",
          .rollout = attempt.rollout,
          .number = attempt.number,
          .remove = false,
          .step = attempt.step,
          .suite = 0};
}

ReleaseRecord* FindRelease(ApplicationRecord& record, const std::string& directory) {
  const auto found = std::ranges::find(record.releases, directory, &ReleaseRecord::directory);
  return found == record.releases.end() ? nullptr : &*found;
}

bool Names(const WantedRelease& wanted, const AttemptRecord& attempt) {
  return wanted.rollout == attempt.rollout && wanted.number == attempt.number;
}

/// Whether a step has anything to do.
bool Needed(Step step, const AttemptRecord& attempt, const Observed* observed) {
  switch (step) {
    case Step::kFetch:
    case Step::kStart:
    case Step::kHealth:
      return true;
    case Step::kInstall:
      return attempt.config.install.has_value();
    case Step::kTest:
      return attempt.config.test.has_value();
    case Step::kStop:
      return AnyRuns(observed);
    case Step::kSwitch:
      return observed == nullptr || observed->current != attempt.directory;
    case Step::kPopulate:
    case Step::kSuite:
    case Step::kCleanUp:
      return false;
  }
  SLIPWAY_UNREACHABLE("step outside the enum");
}

/// Writes down that the directory of the attempt is whole, as the release used last.
void RecordRelease(ApplicationRecord& record, const AttemptRecord& attempt) {
  ReleaseRecord release{.directory = attempt.directory,
                        .id = attempt.id,
                        .tree = attempt.content.tree,
                        .good = false,
                        .config = attempt.config};
  if (const ReleaseRecord* known = FindRelease(record, attempt.directory)) {
    release.good = known->good;
  }
  std::erase_if(record.releases,
                [&](const ReleaseRecord& other) { return other.directory == attempt.directory; });
  record.releases.push_back(std::move(release));
}

/// Goes to the first needed step at or after `from`.
void Enter(Desk& desk, ApplicationRecord& record, const Observed* observed, Step from) {
  AttemptRecord& attempt = *record.attempt;
  const auto begin = std::ranges::find(kOrder, from);
  const auto next =
      std::find_if(begin, kOrder.end(), [&](Step step) { return Needed(step, attempt, observed); });
  SLIPWAY_ASSERT(next != kOrder.end(), "an attempt without a next step");
  attempt.step = *next;
  attempt.step_began = desk.snapshot.now;
  if (!IsPreparing(attempt.step)) {
    RecordRelease(record, attempt);
  }
}

void End(Desk& desk, const std::string& application, ApplicationRecord& record, Outcome outcome,
         std::string message) {
  AttemptRecord& attempt = *record.attempt;
  attempt.result = outcome;
  if (outcome != Outcome::kSucceeded && attempt.stopped) {
    message = api::Sentence(std::move(message));
    message += message.empty() ? "" : " ";
    message += "What ran before was stopped.";
  }
  attempt.message = Shorten(std::move(message));
  if (outcome == Outcome::kSucceeded) {
    ReleaseRecord* release = FindRelease(record, attempt.directory);
    SLIPWAY_ASSERT(release != nullptr, "a healthy release without a record");
    release->good = true;
    record.last_good = attempt.directory;
  }
  const Observed* observed = FindObserved(desk.snapshot.applications, application);
  TrimReleases(record, observed == nullptr ? "" : observed->current, attempt.config.keep);
}

std::string NameOf(const ReleaseId& id) {
  return id.commit.value + "-" + id.hash.value.substr(0, 8);
}

/// A directory for a fresh install: none that a record names or that `current` points to.
std::string FreshDirectory(const ReleaseId& id, std::int64_t number,
                           const ApplicationRecord& record, const Observed* observed) {
  const std::string name = NameOf(id);
  const auto taken = [&](const std::string& candidate) {
    return (observed != nullptr && observed->current == candidate) ||
           std::ranges::find(record.releases, candidate, &ReleaseRecord::directory) !=
               record.releases.end();
  };
  std::string candidate = name;
  for (std::int64_t suffix = number; taken(candidate); ++suffix) {
    candidate = name + "." + std::to_string(suffix);
  }
  return candidate;
}

/// Whether all processes of `config` run from `id`, and none is known to be unhealthy.
bool AllRunWell(const api::ReleaseTemplate& config, const ReleaseId& id, const Observed* observed) {
  return AllRun(config, id, observed) &&
         std::ranges::none_of(observed->processes, [](const ObservedProcess& process) {
           return process.running && !process.healthy_since && process.bad_checks > 0;
         });
}

/// Whether the target runs already, so that only its health is to be measured. What failed here or
/// is unhealthy is installed or at least started again instead.
bool RunsAlready(const WantedRelease& wanted, const ApplicationRecord& record,
                 const Observed* observed, const ReleaseRecord& release) {
  const bool failed_here = record.attempt && record.attempt->id == wanted.id &&
                           record.attempt->result == Outcome::kFailed;
  return observed != nullptr && observed->current == release.directory && !failed_here &&
         AllRunWell(wanted.config, wanted.id, observed);
}

bool IsThere(const Observed* observed, const std::string& directory) {
  return observed != nullptr &&
         std::ranges::find(observed->directories, directory) != observed->directories.end();
}

/// Writes down a new attempt and its first step.
void Begin(Desk& desk, const WantedRelease& wanted) {
  ApplicationRecord& record = desk.plan.journal.applications[wanted.application];
  const Observed* observed = FindObserved(desk.snapshot.applications, wanted.application);
  const auto known =
      std::find_if(record.releases.rbegin(), record.releases.rend(),
                   [&](const ReleaseRecord& release) { return release.id == wanted.id; });
  Step first = Step::kFetch;
  std::string directory;
  if (known != record.releases.rend() && RunsAlready(wanted, record, observed, *known)) {
    first = Step::kHealth;
    directory = known->directory;
  } else if (known != record.releases.rend() && known->good &&
             IsThere(observed, known->directory)) {
    first = Step::kStop;
    directory = known->directory;
  } else {
    directory = FreshDirectory(wanted.id, wanted.number, record, observed);
  }
  record.attempt = AttemptRecord{.rollout = wanted.rollout,
                                 .number = wanted.number,
                                 .id = wanted.id,
                                 .content = wanted.content,
                                 .config = wanted.config,
                                 .directory = directory,
                                 .incarnation = desk.plan.journal.incarnation,
                                 .step = first,
                                 .step_began = desk.snapshot.now,
                                 .stopped = false,
                                 .result = std::nullopt,
                                 .message = ""};
  Enter(desk, record, observed, first);
}

Action MakeAction(Desk& desk, const std::string& application, ApplicationRecord& record,
                  const Observed* observed) {
  const AttemptRecord& attempt = *record.attempt;
  Action action{.id = IdOf(application, attempt),
                .release = attempt.id,
                .content = attempt.content,
                .config = attempt.config,
                .directory = attempt.directory,
                .command = std::nullopt,
                .suite = std::nullopt,
                .keep = {},
                .remove = {}};
  if (attempt.step == Step::kFetch) {
    action.keep = CommitsToKeep(desk.plan.journal, attempt.content.repository);
  } else if (attempt.step == Step::kInstall) {
    action.command = attempt.config.install;
  } else if (attempt.step == Step::kTest) {
    action.command = attempt.config.test;
  } else if (attempt.step == Step::kStop && observed != nullptr) {
    if (const ReleaseRecord* left = FindRelease(record, observed->current)) {
      action.release = left->id;
      action.config = left->config;
      action.directory = left->directory;
    }
  }
  return action;
}

/// A fetch that is about to begin sees for the first time where the application lives. What is
/// current there may be unknown to the journal, which was lost: then what runs is kept where it is
/// what is wanted, and never swapped out under its processes. False where there is nothing of it.
bool MeetUnknownCurrent(Desk& desk, ApplicationRecord& record, const Observed* observed) {
  AttemptRecord& attempt = *record.attempt;
  if (attempt.step != Step::kFetch || observed == nullptr || observed->current.empty() ||
      FindRelease(record, observed->current) != nullptr) {
    return false;
  }
  const std::string name = NameOf(attempt.id);
  const bool same = observed->current == name || observed->current.starts_with(name + ".");
  if (same && AllRunWell(attempt.config, attempt.id, observed)) {
    attempt.directory = observed->current;
    Enter(desk, record, observed, Step::kHealth);
    return true;
  }
  if (observed->current == attempt.directory) {
    attempt.directory = FreshDirectory(attempt.id, attempt.number, record, observed);
    return true;
  }
  return false;
}

void DriveHealth(Desk& desk, const std::string& application, ApplicationRecord& record,
                 const Observed* observed) {
  const AttemptRecord& attempt = *record.attempt;
  const Verdict verdict = JudgeHealth(attempt.config, attempt.id, observed, attempt.step_began,
                                      desk.snapshot.now, /*once=*/false);
  WakeAfter(desk.plan, verdict.look_again);
  if (verdict.outcome) {
    End(desk, application, record, *verdict.outcome, verdict.message);
  }
}

}  // namespace

void InterruptAttempts(Desk& desk) {
  Journal& journal = desk.plan.journal;
  for (auto& [application, record] : journal.applications) {
    if (InProgress(record) && record.attempt->incarnation != journal.incarnation) {
      End(desk, application, record, Outcome::kInterrupted,
          "the agent was restarted during step " + std::string(ToString(record.attempt->step)));
    }
  }
}

void FoldAttempt(Desk& desk, const Finished& finished) {
  const auto found = desk.plan.journal.applications.find(finished.id.application);
  if (found == desk.plan.journal.applications.end() || !InProgress(found->second) ||
      IdOf(found->first, *found->second.attempt) != finished.id) {
    return;
  }
  ApplicationRecord& record = found->second;
  AttemptRecord& attempt = *record.attempt;
  const Observed* observed = FindObserved(desk.snapshot.applications, found->first);
  attempt.stopped = attempt.stopped || attempt.step == Step::kStop;
  if (finished.outcome != Outcome::kSucceeded) {
    End(desk, found->first, record, finished.outcome,
        std::string(ToString(attempt.step)) + ": " + finished.message);
    return;
  }
  const auto here = std::ranges::find(kOrder, attempt.step);
  SLIPWAY_ASSERT(here != kOrder.end() && *here != Step::kHealth,
                 "an action without a step after it");
  Enter(desk, record, observed, *std::next(here));
}

bool DriveAttempt(Desk& desk) {
  for (auto& [application, record] : desk.plan.journal.applications) {
    if (!InProgress(record)) {
      continue;
    }
    const AttemptRecord& attempt = *record.attempt;
    const WantedRelease* wanted = FindWanted(desk, application);
    const bool replaced = wanted != nullptr && !Names(*wanted, attempt);
    const Observed* observed = FindObserved(desk.snapshot.applications, application);
    if (desk.snapshot.active) {
      desk.plan.cancel = replaced && IsPreparing(attempt.step) &&
                         *desk.snapshot.active == IdOf(application, attempt);
    } else if (replaced) {
      Begin(desk, *wanted);
    } else if (attempt.step == Step::kHealth) {
      DriveHealth(desk, application, record, observed);
    } else if (!MeetUnknownCurrent(desk, record, observed)) {
      desk.plan.action = MakeAction(desk, application, record, observed);
    }
    return true;
  }
  return false;
}

bool BeginAttempt(Desk& desk) {
  if (desk.wanted == nullptr) {
    return false;
  }
  const WantedRelease* next = nullptr;
  for (const WantedRelease& wanted : desk.wanted->releases) {
    const auto found = desk.plan.journal.applications.find(wanted.application);
    const bool known = found != desk.plan.journal.applications.end() && found->second.attempt &&
                       Names(wanted, *found->second.attempt);
    if (!known && (next == nullptr || wanted.application < next->application)) {
      next = &wanted;
    }
  }
  if (next != nullptr) {
    Begin(desk, *next);
  }
  return next != nullptr;
}

}  // namespace slipway::host::steps
