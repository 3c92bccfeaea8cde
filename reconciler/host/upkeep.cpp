#include <algorithm>

#include "reconciler/host/steps.hpp"

namespace slipway::host::steps {
namespace {

/// How long after it ended a process is started again: 1 s, doubled for every start that did not
/// last, up to a minute.
Duration RestartDelay(int restarts) {
  constexpr Duration kFirst{1'000};
  constexpr int kMaxDoublings = 6;
  return std::min<Duration>(kFirst * (1 << std::clamp(restarts, 0, kMaxDoublings)),
                            Duration{60'000});
}

/// A removal that failed is tried again after this: a disk that is read-only, or in use, stays so
/// for a while.
constexpr Duration kRemovalPause{60'000};

/// An attempt that stops, switches, starts or measures wants to see what happens by itself.
bool LeftAlone(const ApplicationRecord& record) {
  if (!record.attempt || record.attempt->result) {
    return false;
  }
  const Step step = record.attempt->step;
  return step != Step::kFetch && step != Step::kInstall && step != Step::kTest;
}

/// The release that is to run by itself; nullptr where there is none.
const ReleaseRecord* FindKept(const ApplicationRecord& record, const Observed& observed) {
  const auto release =
      std::ranges::find(record.releases, observed.current, &ReleaseRecord::directory);
  return release == record.releases.end() || !release->good ? nullptr : &*release;
}

/// Whether nothing of it is known to run.
bool IsStill(const Observed& observed) {
  return std::ranges::none_of(observed.processes, [](const ObservedProcess& process) {
    return process.running || !process.checked;
  });
}

/// Whether nothing happens to an application any more unless somebody wants it again. What somebody
/// stops wanting is left alone, so one that runs, or is kept running, is never over.
bool IsOver(const Desk& desk, const std::string& application, const ApplicationRecord& record) {
  const Observed* observed = FindObserved(desk.snapshot.applications, application);
  const bool ended = !record.attempt || record.attempt->result;
  return ended && FindWanted(desk, application) == nullptr &&
         (observed == nullptr || (IsStill(*observed) && FindKept(record, *observed) == nullptr));
}

void KeepUpApplication(Desk& desk, const std::string& application, const ApplicationRecord& record,
                       const Observed& observed) {
  const ReleaseRecord* release = FindKept(record, observed);
  if (release == nullptr || LeftAlone(record)) {
    return;
  }
  for (const api::Process& wanted : release->config.processes) {
    const ObservedProcess* process = FindProcess(&observed, wanted.name);
    if (process != nullptr && (process->running || !process->checked)) {
      continue;
    }
    const Duration delay = process == nullptr ? Duration{0} : RestartDelay(process->restarts);
    const MonoTime due = process == nullptr ? desk.snapshot.now : process->ended + delay;
    if (due > desk.snapshot.now) {
      WakeAfter(desk.plan, due - desk.snapshot.now);
      continue;
    }
    desk.plan.upkeep.push_back(Upkeep{.application = application,
                                      .process = wanted.name,
                                      .directory = release->directory,
                                      .release = release->id,
                                      .config = release->config});
  }
}

bool MayRemove(Desk& desk, const std::string& application) {
  const auto failed = desk.snapshot.failed_removals.find(application);
  if (failed == desk.snapshot.failed_removals.end()) {
    return true;
  }
  const MonoTime due = failed->second + kRemovalPause;
  if (due > desk.snapshot.now) {
    WakeAfter(desk.plan, due - desk.snapshot.now);
  }
  return due <= desk.snapshot.now;
}

/// Deletes what is left of the processes of forgotten applications. With few of them it may be the
/// journal that was lost, and their logs may be wanted.
bool RemoveForgotten(Desk& desk) {
  const std::vector<Observed>& all = desk.snapshot.applications;
  if (desk.wanted == nullptr || all.size() <= kMaxApplications) {
    return false;
  }
  for (const Observed& observed : all) {
    if (!desk.plan.journal.applications.contains(observed.name) &&
        IsOver(desk, observed.name, ApplicationRecord{}) && MayRemove(desk, observed.name)) {
      desk.plan.action =
          Action{.id = {.application = observed.name, .remove = true}, .forget = true};
      return true;
    }
  }
  return false;
}

}  // namespace

void KeepUp(Desk& desk) {
  for (const auto& [application, record] : desk.plan.journal.applications) {
    if (const Observed* observed = FindObserved(desk.snapshot.applications, application)) {
      KeepUpApplication(desk, application, record, *observed);
    }
  }
}

void TrimReleases(ApplicationRecord& record, const std::string& current, std::int64_t keep) {
  const auto needed = [&](const ReleaseRecord& release) {
    return release.directory == current || release.directory == record.last_good ||
           (record.attempt && release.directory == record.attempt->directory);
  };
  for (const bool good : {false, true}) {
    for (auto it = record.releases.begin();
         it != record.releases.end() && static_cast<std::int64_t>(record.releases.size()) > keep;) {
      it = it->good == good && !needed(*it) ? record.releases.erase(it) : std::next(it);
    }
  }
}

void ForgetApplications(Desk& desk) {
  auto& applications = desk.plan.journal.applications;
  if (desk.wanted == nullptr) {
    return;
  }
  for (auto it = applications.begin();
       it != applications.end() && applications.size() > kMaxApplications;) {
    it = IsOver(desk, it->first, it->second) ? applications.erase(it) : std::next(it);
  }
}

bool RemoveGarbage(Desk& desk) {
  for (const auto& [application, record] : desk.plan.journal.applications) {
    const Observed* observed = FindObserved(desk.snapshot.applications, application);
    // Without a good release on record the journal may have been lost: then a directory may be the
    // way back.
    if (observed == nullptr || record.last_good.empty()) {
      continue;
    }
    Action action{.id = {.application = application, .remove = true}, .config = ConfigOf(record)};
    for (const std::string& directory : observed->directories) {
      const bool known = std::ranges::find(record.releases, directory, &ReleaseRecord::directory) !=
                         record.releases.end();
      if (!known && directory != observed->current) {
        action.remove.push_back(directory);
      }
    }
    if (!action.remove.empty() && MayRemove(desk, application)) {
      desk.plan.action = std::move(action);
      return true;
    }
  }
  return RemoveForgotten(desk);
}

}  // namespace slipway::host::steps
