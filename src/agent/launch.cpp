#include "src/agent/launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>

namespace slipway::agent {
namespace {

constexpr std::size_t kMaxProcFileBytes = 64U << 10;

/// What the child tells its parent when it cannot execute the program.
struct LaunchFailure {
  int number = 0;
  char what[48] = {};
};

[[noreturn]] void Complain(int pipe, const char* what) {
  LaunchFailure failure;
  failure.number = errno;
  std::strncpy(failure.what, what, sizeof failure.what - 1);
  const ssize_t written = ::write(pipe, &failure, sizeof failure);
  ::_exit(written == sizeof failure ? 127 : 126);
}

void ResetSignals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void BecomeUser(const UserRecord& user, int pipe) {
  if (::geteuid() == user.uid) {
    return;
  }
  if (::initgroups(user.name.c_str(), user.gid) != 0 || ::setgid(user.gid) != 0 ||
      ::setuid(user.uid) != 0) {
    Complain(pipe, "cannot become the user");
  }
}

[[noreturn]] void RunChild(const LaunchSpec& spec, const UserRecord& user, pid_t parent, int output,
                           int pipe) {
  ::setsid();
  ResetSignals();
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::umask(022);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) {
    Complain(pipe, "cannot connect input and output");
  }
  BecomeUser(user, pipe);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which would reset it
  if (::getppid() != parent) {
    ::_exit(126);
  }
  if (::chdir(spec.directory.c_str()) != 0) {
    Complain(pipe, "cannot enter the directory");
  }
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  std::vector<char*> argv;
  for (const std::string& argument : spec.argv) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  std::vector<char*> env;
  for (const std::string& variable : spec.env) {
    env.push_back(const_cast<char*>(variable.c_str()));
  }
  env.push_back(nullptr);
  ::execve(argv[0], argv.data(), env.data());
  Complain(pipe, "cannot execute the program");
}

/// Fields of /proc/<pid>/stat after the name, beginning with the state.
std::vector<std::string> StatFields(pid_t pid) {
  const Result<std::string> text =
      ReadFile("/proc/" + std::to_string(pid) + "/stat", kMaxProcFileBytes);
  std::vector<std::string> fields;
  if (!text) {
    return fields;
  }
  const std::string& line = text.value();
  std::size_t at = line.rfind(')');
  while (at != std::string::npos && at + 2 < line.size()) {
    const std::size_t end = line.find(' ', at + 2);
    fields.push_back(
        line.substr(at + 2, end == std::string::npos ? std::string::npos : end - at - 2));
    at = end == std::string::npos ? end : end - 1;
  }
  return fields;
}

Error Shortage(const LaunchSpec& spec, const std::string& what) {
  return Fail(Code::kUnavailable, SystemError(spec.argv[0], what).message);
}

Error Refusal(const LaunchSpec& spec, const LaunchFailure& failure) {
  errno = failure.number;
  if (errno == EAGAIN || errno == ENOMEM || errno == EMFILE || errno == ENFILE) {
    return Shortage(spec, failure.what);
  }
  const bool directory = errno == ENOENT && std::strstr(failure.what, "directory") != nullptr;
  const std::string& path = directory ? spec.directory : spec.argv[0];
  return Fail(Code::kInvalid, SystemError(path, failure.what).message);
}

/// A process of a session that is alive.
struct Member {
  pid_t pid = 0;
  bool in_group = false;  ///< of the session's leader
};

std::vector<Member> MembersOf(pid_t leader) {
  std::vector<Member> members;
  for (const std::string& name : ListDirectory("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const auto pid = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
    const std::vector<std::string> fields = StatFields(pid);
    constexpr std::size_t kState = 0;
    constexpr std::size_t kGroup = 2;
    constexpr std::size_t kSession = 3;
    const std::string session = std::to_string(leader);
    if (fields.size() > kSession && fields[kSession] == session && fields[kState] != "Z" &&
        fields[kState] != "X") {
      members.push_back({.pid = pid, .in_group = fields[kGroup] == session});
    }
  }
  return members;
}

}  // namespace

Result<UserRecord> FindUser(const std::string& name) {
  errno = 0;
  const passwd* entry = name.empty() ? ::getpwuid(::geteuid()) : ::getpwnam(name.c_str());
  if (entry == nullptr && name.empty()) {
    return UserRecord{
        .name = "", .uid = ::geteuid(), .gid = ::getegid(), .home = "/", .shell = "/bin/sh"};
  }
  if (entry == nullptr) {
    return Fail(
        Code::kNotFound,
        "user " + name + ": there is none on this server; create it there, or change release.user");
  }
  UserRecord user{.name = entry->pw_name,
                  .uid = entry->pw_uid,
                  .gid = entry->pw_gid,
                  .home = entry->pw_dir,
                  .shell = entry->pw_shell};
  if (::geteuid() != 0 && user.uid != ::geteuid()) {
    return Fail(Code::kForbidden,
                "user " + name +
                    ": the agent does not run as root, so it cannot run anything as another "
                    "user; run the agent as root, or leave release.user out");
  }
  return user;
}

Result<Launched> Launch(const LaunchSpec& spec) {
  SLIPWAY_TRY(user, FindUser(spec.user));
  int output[2] = {-1, -1};
  int complaints[2] = {-1, -1};
  if (::pipe2(output, O_CLOEXEC) != 0) {
    return Shortage(spec, "cannot make a pipe");
  }
  Descriptor output_read(output[0]);
  Descriptor output_write(output[1]);
  if (::pipe2(complaints, O_CLOEXEC) != 0) {
    return Shortage(spec, "cannot make a pipe");
  }
  const Descriptor complaints_read(complaints[0]);
  Descriptor complaints_write(complaints[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return Shortage(spec, "cannot fork");
  }
  if (pid == 0) {
    RunChild(spec, user, parent, output_write.get(), complaints_write.get());
  }
  output_write.Close();
  complaints_write.Close();
  LaunchFailure failure;
  ssize_t got = 0;
  do {
    got = ::read(complaints_read.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof failure) {
    ::waitpid(pid, nullptr, 0);
    return Refusal(spec, failure);
  }
  ::fcntl(output_read.get(), F_SETFL, O_NONBLOCK);
  return Launched{.pid = pid, .output = std::move(output_read)};
}

void SignalSession(pid_t leader, int signal) {
  if (leader <= 1) {
    return;
  }
  ::kill(-leader, signal);
  for (const Member& member : MembersOf(leader)) {
    if (!member.in_group) {
      ::kill(member.pid, signal);
    }
  }
}

void AdoptOrphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

bool EndDescendants(Duration bound) {
  const std::string children = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  constexpr Duration kPause{10};
  for (Duration waited{0}; waited <= bound; waited += kPause) {
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG);
    } while (reaped > 0);
    if (reaped < 0) {
      return true;
    }
    const Result<std::string> text = ReadFile(children, kMaxProcFileBytes);
    std::istringstream pids(text ? text.value() : "");
    for (pid_t pid = 0; pids >> pid;) {
      ::kill(pid, SIGKILL);
    }
    ::poll(nullptr, 0, static_cast<int>(kPause.count()));
  }
  return false;
}

bool SessionAlive(pid_t leader) { return leader > 1 && !MembersOf(leader).empty(); }

std::optional<unsigned long long> StartTicks(pid_t pid) {
  constexpr std::size_t kStartTime = 19;
  const std::vector<std::string> fields = StatFields(pid);
  if (fields.size() <= kStartTime) {
    return std::nullopt;
  }
  return std::strtoull(fields[kStartTime].c_str(), nullptr, 10);
}

std::string BootId() {
  const Result<std::string> text = ReadFile("/proc/sys/kernel/random/boot_id", kMaxProcFileBytes);
  return text ? text.value().substr(0, text.value().find('\n')) : "";
}

}  // namespace slipway::agent
