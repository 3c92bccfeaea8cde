#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/rollout.hpp"
#include "reconciler/api/shared.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/base/ids.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/host/epoch.hpp"

namespace slipway::host {

/// What can happen on the way of a release or of a gate run, in the order in which it happens.
enum class Step : std::uint8_t {
  kFetch,     ///< content is fetched and checked out into a fresh directory
  kInstall,   ///< release.install
  kTest,      ///< release.test
  kPopulate,  ///< gate.populate (gate runs only)
  kStop,      ///< all processes of the application are stopped
  kSwitch,    ///< `current` points to the release directory
  kStart,     ///< processes that do not run are started
  kHealth,    ///< checks pass without a break for minHealthyTime
  kSuite,     ///< one of gate.suites (gate runs only)
  kCleanUp,   ///< gate.cleanUp (gate runs only)
};

/// "Fetch", "Install", …
const char* ToString(Step step);
std::optional<Step> StepNamed(const std::string& name);

/// Succeeded; Failed: measured, and bad; Interrupted: the agent, the host or the connection died,
/// nothing was measured.
using api::Outcome;

/// What identifies a release: the commit and the hash of its configuration.
struct ReleaseId {
  Commit commit;
  ReleaseHash hash;

  bool operator==(const ReleaseId&) const = default;
};

/// Where the bytes of a release come from.
struct ContentRef {
  std::string repository;  ///< NAMESPACE/NAME
  std::string path;        ///< subdirectory; empty: all
  Tree tree;               ///< of the commit

  bool operator==(const ContentRef&) const = default;
};

/// A release directory that is whole: everything before kStop has succeeded in it.
struct ReleaseRecord {
  std::string directory;  ///< name below releases/
  ReleaseId id;
  Tree tree;          ///< what was checked out into it
  bool good = false;  ///< it was healthy for minHealthyTime on this server: it is reused untouched
  api::ReleaseTemplate config;

  bool operator==(const ReleaseRecord&) const = default;
};

/// The newest attempt at one application. It belongs to one start of the agent: after a restart it
/// is Interrupted.
struct AttemptRecord {
  std::string rollout;
  std::int64_t number = 0;
  ReleaseId id;
  ContentRef content;
  api::ReleaseTemplate config;
  std::string directory;          ///< name below releases/
  std::int64_t incarnation = 0;   ///< of the agent that works at it
  Step step = Step::kFetch;       ///< being done, or the last one that was
  MonoTime step_began;            ///< says something only to `incarnation`
  bool stopped = false;           ///< processes of the release that was left have been stopped
  std::optional<Outcome> result;  ///< set: the attempt has ended
  std::string message;

  bool operator==(const AttemptRecord&) const = default;
};

struct ApplicationRecord {
  std::optional<AttemptRecord> attempt;
  std::vector<ReleaseRecord> releases;  ///< last used last
  std::string last_good;                ///< directory of the newest release that ended Succeeded

  bool operator==(const ApplicationRecord&) const = default;
};

/// One gate run. Kept until the control plane no longer names it.
struct TestRecord {
  std::string name;
  Uid uid;
  std::string application;
  std::string rollout;
  std::int64_t number = 0;
  ReleaseId id;
  ContentRef content;
  api::RolloutTemplate config;
  std::int64_t incarnation = 0;
  Step step = Step::kFetch;
  std::int64_t suite = 0;  ///< index into the suites while step is kSuite
  MonoTime step_began;
  bool checked_out = false;       ///< there is a directory to clean up in
  bool done = false;              ///< nothing of it is left but this record
  std::int64_t stops = 0;         ///< how often stopping failed
  std::int64_t clean_ups = 0;     ///< how often cleanUp was begun
  std::int64_t removals = 0;      ///< how often deleting failed
  std::optional<Outcome> result;  ///< set: what remains is to stop and to clean up
  std::string message;
  std::vector<api::SuiteResult> suites;
  std::vector<api::CaseFailure> failures;  ///< at most kMaxCaseFailures

  bool operator==(const TestRecord&) const = default;
};

inline constexpr std::size_t kMaxCaseFailures = 100;

/// A Server's status has room for so many applications.
inline constexpr std::size_t kMaxApplications = 100;

/// Durable facts of one agent. The shell writes it (fsync) before it acts on what follows from it.
struct Journal {
  Epoch epoch;                   ///< newest that was accepted
  std::int64_t incarnation = 0;  ///< of this start of the agent; set by the shell before it plans
  std::map<std::string, ApplicationRecord> applications;
  std::map<std::string, TestRecord> tests;  ///< by name of the TestRun

  bool operator==(const Journal&) const = default;
};

}  // namespace slipway::host
