#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/agent/files.hpp"

namespace slipway::agent {

/// A user of this machine.
struct UserRecord {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
  std::string shell;
};

/// The user with this name; empty: the one that we run as. kForbidden where we would have to be
/// root to become it, kNotFound where there is none.
Result<UserRecord> FindUser(const std::string& name);

/// A program to start.
struct LaunchSpec {
  std::vector<std::string> argv;  ///< argv[0] is an absolute path
  std::string directory;
  std::vector<std::string> env;  ///< the whole environment, "NAME=value"
  std::string user;              ///< empty: ours
};

/// A program that was started: leader of a session and process group of its own, which dies with
/// the thread that started it, without core dumps, with /dev/null as input and both outputs in one
/// pipe.
struct Launched {
  pid_t pid = -1;
  Descriptor output;  ///< our end, non-blocking
};

/// Starts it by fork(), so call it in a process with one thread. Waits until the program was
/// executed. kInvalid, kNotFound, kForbidden: it cannot be (no such directory, user or program, not
/// allowed); kUnavailable: this machine had nothing left for it.
Result<Launched> Launch(const LaunchSpec& spec);

/// Makes this process the parent of whatever its descendants leave behind.
void AdoptOrphans();

/// Kills and reaps every child and, after AdoptOrphans(), every descendant of this process. False
/// where some were still there after `bound`.
bool EndDescendants(Duration bound);

/// Sends a signal to the process group of `leader`, and to whatever else of its session is alive;
/// once to each, because many servers take a second SIGTERM for an order to drop what they are doing.
void SignalSession(pid_t leader, int signal);

/// Whether anything of the session of `leader` is alive (zombies are not).
bool SessionAlive(pid_t leader);

/// Start time of a process in clock ticks since boot; nullopt where there is none.
std::optional<unsigned long long> StartTicks(pid_t pid);

/// Changes with every boot.
std::string BootId();

}  // namespace slipway::agent
