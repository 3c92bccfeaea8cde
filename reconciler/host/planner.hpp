#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/server.hpp"
#include "reconciler/api/shared.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/host/journal.hpp"

namespace slipway::host {

/// One application that the control plane wants here. (rollout, number) names the attempt for ever.
struct WantedRelease {
  std::string application;
  std::string rollout;
  std::int64_t number = 0;
  ReleaseId id;
  ContentRef content;
  api::ReleaseTemplate config;
};

/// One gate run that the control plane wants here and that has not ended for it.
struct WantedTest {
  std::string name;
  Uid uid;
  std::string application;
  std::string rollout;
  std::int64_t number = 0;
  ReleaseId id;
  ContentRef content;
  api::RolloutTemplate config;
};

/// The newest assignment, as it came. An application that is absent is left alone.
struct Wanted {
  Epoch epoch;
  std::vector<WantedRelease> releases;
  std::vector<WantedTest> tests;
};

/// One process of an application or of a gate run, found by its lock (`run`) or by asking systemd
/// (`service`).
struct ObservedProcess {
  std::string name;
  bool running = false;
  ReleaseId id;         ///< that it was started from; empty where it never was
  bool checked = true;  ///< false until the first check since the agent started has an answer
  /// Start of the unbroken row of good checks; without http: of its life.
  std::optional<MonoTime> healthy_since;
  bool was_healthy = false;  ///< at least once since it was started
  int bad_checks = 0;        ///< in a row
  std::string trouble;       ///< the last bad check, or how it ended
  MonoTime ended;            ///< when it was seen to have ended
  int restarts = 0;          ///< upkeep starts in a row that did not last
};

/// One application, or the processes of one gate run, as it is on this server now.
struct Observed {
  std::string name;     ///< of the application or of the TestRun
  std::string current;  ///< name of the release directory that `current` points to; empty: none
  Time since;           ///< when what runs was started; wall time, for people
  std::vector<std::string> directories;  ///< below releases/ and of staging; applications only
  std::vector<ObservedProcess> processes;
};

/// What the shell is doing, or has done.
struct ActionId {
  std::string application;
  std::string test_run;  ///< empty: it belongs to an attempt
  std::string rollout;
  std::int64_t number = 0;
  bool remove = false;  ///< removal of directories instead of a step
  Step step = Step::kFetch;
  std::int64_t suite = 0;

  bool operator==(const ActionId&) const = default;
};

/// One thing to do. The shell does one at a time, each to its end (bounded by the time-outs in
/// `config`).
struct Action {
  ActionId id;
  ReleaseId release;
  ContentRef content;
  api::ReleaseTemplate config;  ///< kStop: of the release being left, where it is known
  std::string directory;        ///< name below releases/; of gate runs the name of the TestRun
  std::optional<api::Command> command;  ///< kInstall, kTest, kPopulate, kCleanUp
  std::optional<api::Suite> suite;      ///< kSuite
  std::vector<Commit> keep;             ///< kFetch: snapshots of this repository that stay
  /// Directories to delete, as Observed names them; of a gate run its own.
  std::vector<std::string> remove;
  bool forget = false;  ///< deletes also what is known of its processes
};

struct Finished {
  ActionId id;
  Outcome outcome = Outcome::kSucceeded;
  std::string message;  ///< empty when it succeeded
  std::optional<api::SuiteResult> suite;
  std::vector<api::CaseFailure> failures;
};

/// A process to start again because it ended by itself, beside whatever else goes on.
struct Upkeep {
  std::string application;
  std::string process;
  std::string directory;
  ReleaseId release;
  api::ReleaseTemplate config;
};

/// One server at one moment. Borrowed: valid during the call only.
struct HostSnapshot {
  const Journal& journal;          ///< as it is on the disk
  const Wanted* wanted = nullptr;  ///< nullptr: nothing was heard since the agent started
  const std::vector<Observed>& applications;
  const std::vector<Observed>& tests;
  const std::optional<ActionId>& active;    ///< being done now
  const std::optional<Finished>& finished;  ///< done, and not yet in the journal
  MonoTime now;
  /// When a removal of garbage failed last, by application; since the agent started.
  std::map<std::string, MonoTime> failed_removals = {};
};

struct TestReport {
  std::string name;
  Uid uid;
  api::TestRunStatus status;

  bool operator==(const TestReport&) const = default;
};

/// What is to be done. If `journal` differs from the stored one, the shell writes it durably,
/// forgets `finished`, plans again, and does nothing else of this plan: a crash between any two
/// effects is safe.
struct HostPlan {
  Journal journal;
  std::optional<Action> action;  ///< start it; absent while one is active
  bool cancel = false;           ///< end the active action: nobody wants its result any more
  std::vector<Upkeep> upkeep;
  std::vector<api::ServerRelease> releases;  ///< to report; ordered by application
  std::vector<TestReport> tests;             ///< to report; ordered by name
  std::string refused;                       ///< why `wanted` was refused; empty: it was not
  bool report_ready = false;                 ///< false until every running process was checked once
  std::optional<Duration> wake_after;        ///< nullopt: only news can matter
};

/// The configuration that says where the application lives: of the newest attempt, else of the
/// release used last.
const api::ReleaseTemplate& ConfigOf(const ApplicationRecord& record);

/// Decides the next step of one server: at most one attempt or gate run at a time. Total and
/// deterministic; O(applications).
HostPlan PlanHost(const HostSnapshot& snapshot);

}  // namespace slipway::host
