#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/host/planner.hpp"

namespace slipway::host {

/// A server without a disk or processes: does what the planner says, as the agent would, and
/// remembers it. Time passes only in Run().
class FakeHost {
 public:
  FakeHost();

  /// What the control plane wants; a newer generation each time.
  void Want(std::vector<WantedRelease> releases, std::vector<WantedTest> tests = {});

  /// Plans and acts until nothing is left to do, letting time pass where the plan waits for it; at
  /// most `for_ms`.
  void Run(std::int64_t for_ms = 600'000);

  /// Plans once: writes the journal where it changed, else starts and ends one action. False where
  /// there was neither.
  bool Step();

  /// The agent dies and starts again: what it had in memory is lost; processes live on.
  void Restart();

  /// As Restart(), and the processes are lost too.
  void Reboot();

  /// How an action ends; nullopt: well. Called with its text form, such as "shop-1/1 Install".
  std::function<std::optional<Finished>(const Action&)> outcome;
  /// Whether processes of this release pass their checks.
  std::function<bool(const ReleaseId&)> healthy;

  const api::ServerRelease* Report(const std::string& application) const;
  const TestReport* Test(const std::string& name) const;

  Journal journal;  ///< what is on the disk
  std::optional<Wanted> wanted;
  std::map<std::string, Observed> applications;
  std::map<std::string, Observed> tests;
  HostPlan plan;  ///< the last one
  MonoTime now;
  /// The disk is looked at only where the journal has a record, as by an agent that just started.
  bool sees_only_what_is_on_record = false;
  std::vector<std::string> done;     ///< every action that was begun, such as "shop-1/1 Install"
  std::vector<std::string> removed;  ///< directories that were deleted
  std::size_t journal_writes = 0;

 private:
  void Observe();
  void Act(const Action& action);
  void Start(Observed& observed, const ReleaseId& id, const api::ReleaseTemplate& config);

  std::optional<ActionId> active_;
  std::optional<Finished> finished_;
  std::map<std::string, MonoTime> failed_removals_;
};

/// "shop-1/1 Install", "shop-1-gate-1 Suite 0", "remove shop".
std::string TextOf(const ActionId& id);

/// How an action of FakeHost::outcome ended.
Finished Ended(api::Outcome outcome, const std::string& message);

api::ReleaseTemplate WebTemplate();
WantedRelease WantRelease(const std::string& rollout, std::int64_t number, char commit);
WantedTest WantTest(const std::string& name, char commit);

}  // namespace slipway::host
