#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/host/journal.hpp"
#include "src/agent/launch.hpp"

/// `slipway-agent supervise DIRECTORY`: the parent of one process of an application. It outlives
/// the agent; the agent finds it by the lock in its directory, which holds:
///   lock   held while the supervisor lives; two never do
///   spec   what to run (SuperviseSpec, written by the agent)
///   state  what runs, or ran last (ProcessState, written by the supervisor)
///   log    what it printed; log.1 is older
namespace slipway::agent {

struct SuperviseSpec {
  LaunchSpec launch;
  Duration stop_timeout{10'000};  ///< between TERM and KILL
  host::ReleaseId release;
  std::uint64_t max_log_bytes = 8U << 20;
};

/// How a process ended.
struct ProcessExit {
  int code = -1;         ///< -1 where a signal ended it
  int signal = 0;        ///< 0 where it exited
  bool stopped = false;  ///< it had been told to
  std::string error;     ///< it could not be started: why

  bool operator==(const ProcessExit&) const = default;
};

struct ProcessState {
  host::ReleaseId release;
  pid_t supervisor = 0;
  std::uint64_t supervisor_ticks = 0;  ///< when it started, in clock ticks since boot
  pid_t pid = 0;                       ///< leader of its session and process group
  std::uint64_t start_ticks = 0;       ///< of pid, since boot
  std::string boot;                    ///< the boot that both belong to
  Time started;                        ///< wall time
  std::optional<ProcessExit> exited;   ///< nullopt: it runs, or its supervisor was killed

  bool operator==(const ProcessState&) const = default;
};

/// JSON; kBadRequest says what does not fit.
std::string EncodeSuperviseSpec(const SuperviseSpec& spec);
Result<SuperviseSpec> DecodeSuperviseSpec(const std::string& text);
std::string EncodeProcessState(const ProcessState& state);
Result<ProcessState> DecodeProcessState(const std::string& text);

/// "exited with code 1", "was killed by signal 9", "was stopped", or why it could not be started.
std::string Describe(const ProcessExit& exit);

/// Exit codes of the subcommand.
inline constexpr int kSuperviseDone = 0;
inline constexpr int kSuperviseBroken = 1;  ///< its directory cannot be used
inline constexpr int kSuperviseTaken = 3;   ///< another supervisor has the lock

/// What the subcommand says: that the program was executed; the beginning of why it cannot be.
/// Anything else is why it was not tried.
inline constexpr std::string_view kSaysStarted = "started";
inline constexpr std::string_view kSaysRefused = "refused: ";

/// The subcommand. Writes one such line to `ready` once it is known, and closes it. TERM stops the process: TERM to its session, KILL after stop_timeout.
/// Whatever the process leaves behind is killed. One thread; changes the process (signals, child
/// subreaper). Returns when the process has ended.
int Supervise(const std::string& directory, int ready);

/// What is found in such a directory: by the agent, at any time.
struct Found {
  bool running = false;  ///< somebody has the lock, or nobody can know
  std::optional<ProcessState> state;
};

/// What is there now; a directory that does not exist holds nothing.
Found FindSupervised(const std::string& directory);

/// Signals the supervisor that a state tells of. False where that is not there any more: a state may
/// be older than the lock that is held, and its numbers may belong to others by now.
bool SignalSupervisor(const ProcessState& state, int signal);

/// Kills what is left of a process whose supervisor was killed, so that it never runs twice. Waits
/// for it to be gone, for at most `bound`; kTimeout then.
Result<void> ClearAway(const std::string& directory, Duration bound);

}  // namespace slipway::agent
