#include "src/agent/supervise.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/agent/bounded_log.hpp"
#include "src/agent/files.hpp"

namespace slipway::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

constexpr std::size_t kMaxFileBytes = 2U << 20;
constexpr Duration kReapPatience{5'000};
constexpr Duration kDrainBound{1'000};

Time WallTime() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

/// Answers whoever started us.
void Say(int ready, const std::string& text) {
  if (ready >= 0) {
    const std::string line = text + "\n";
    if (::write(ready, line.data(), line.size()) < 0) {
      return;  // nobody waits for the answer any more
    }
  }
}

Descriptor CatchSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    sigaddset(&signals, signal);
  }
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// One process from its start to its end.
class Supervisor {
 public:
  Supervisor(std::string directory, SuperviseSpec spec, Descriptor signals)
      : directory_(std::move(directory)),
        spec_(std::move(spec)),
        signals_(std::move(signals)),
        log_(directory_ + "/log", spec_.max_log_bytes) {}

  int Run(int ready) {
    state_.release = spec_.release;
    state_.supervisor = ::getpid();
    state_.supervisor_ticks = StartTicks(state_.supervisor).value_or(0);
    state_.boot = BootId();
    state_.started = WallTime();
    if (!WriteState()) {
      Say(ready, directory_ + ": cannot be written to");
      return kSuperviseBroken;
    }
    AdoptOrphans();
    Result<Launched> launched = Launch(spec_.launch);
    if (!launched) {
      state_.exited = ProcessExit{.error = launched.error().message};
      const bool written = WriteState();
      const bool refused = launched.error().code != Code::kUnavailable;
      Say(ready, (refused ? std::string(kSaysRefused) : "") + launched.error().message);
      return written ? kSuperviseDone : kSuperviseBroken;
    }
    child_ = std::move(launched.value());
    state_.pid = child_.pid;
    state_.start_ticks = StartTicks(child_.pid).value_or(0);
    const bool written = WriteState();
    Say(ready, written ? std::string(kSaysStarted) : directory_ + ": cannot be written to");
    stopping_ = !written;
    Watch(ready);
    state_.exited->stopped = stopping_;
    return WriteState() ? kSuperviseDone : kSuperviseBroken;
  }

 private:
  bool WriteState() const {
    return WriteFileAtomically(directory_ + "/state", EncodeProcessState(state_), 0644).has_value();
  }

  /// Until the process has ended and its output was read.
  void Watch(int ready) {
    ::close(ready);
    if (stopping_) {
      Stop();
    }
    while (!state_.exited) {
      Wait(kill_at_);
      if (kill_at_ && SteadyClock::now() >= *kill_at_) {
        SignalSession(child_.pid, SIGKILL);
        kill_at_.reset();
      }
    }
    EndDescendants(kReapPatience);
    const SteadyTime until = SteadyClock::now() + kDrainBound;
    while (child_.output.open() && SteadyClock::now() < until) {
      Wait(until);
    }
  }

  void Wait(std::optional<SteadyTime> until) {
    pollfd waits[2] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                       {.fd = child_.output.get(), .events = POLLIN, .revents = 0}};
    int timeout = -1;
    if (until) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*until - SteadyClock::now()).count();
      timeout = static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
    }
    if (::poll(waits, 2, timeout) <= 0) {
      return;
    }
    if (waits[1].revents != 0) {
      ReadOutput();
    }
    if (waits[0].revents != 0) {
      TakeSignal();
    }
  }

  void ReadOutput() {
    char buffer[16'384];
    const ssize_t got = ::read(child_.output.get(), buffer, sizeof buffer);
    if (got > 0) {
      log_.Write(stripper_.Feed({buffer, static_cast<std::size_t>(got)}));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      child_.output.Close();
    }
  }

  void TakeSignal() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != sizeof info) {
      return;
    }
    if (info.ssi_signo == SIGCHLD) {
      Reap();
    } else if (info.ssi_signo == SIGTERM && !stopping_) {
      Stop();
    }  // INT and HUP are meant for whoever has a terminal
  }

  void Stop() {
    stopping_ = true;
    SignalSession(child_.pid, SIGTERM);
    kill_at_ = SteadyClock::now() + spec_.stop_timeout;
  }

  void Reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == child_.pid) {
        state_.exited = ProcessExit{.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                    .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
      }
    }
  }

  std::string directory_;
  SuperviseSpec spec_;
  Descriptor signals_;
  AnsiStripper stripper_;
  RotatedLog log_;
  ProcessState state_;
  Launched child_;
  bool stopping_ = false;
  std::optional<SteadyTime> kill_at_;
};

}  // namespace

std::string EncodeSuperviseSpec(const SuperviseSpec& spec) {
  const nlohmann::json json = {{"argv", spec.launch.argv},
                               {"directory", spec.launch.directory},
                               {"env", spec.launch.env},
                               {"user", spec.launch.user},
                               {"stopTimeout", spec.stop_timeout.count()},
                               {"commit", spec.release.commit.value},
                               {"hash", spec.release.hash.value},
                               {"maxLogBytes", spec.max_log_bytes}};
  return PrintJson(json);
}

Result<SuperviseSpec> DecodeSuperviseSpec(const std::string& text) {
  const nlohmann::json json = ReadJson(text);
  try {
    SuperviseSpec spec;
    json.at("argv").get_to(spec.launch.argv);
    json.at("directory").get_to(spec.launch.directory);
    json.at("env").get_to(spec.launch.env);
    json.at("user").get_to(spec.launch.user);
    spec.stop_timeout = Duration(json.at("stopTimeout").get<std::int64_t>());
    json.at("commit").get_to(spec.release.commit.value);
    json.at("hash").get_to(spec.release.hash.value);
    json.at("maxLogBytes").get_to(spec.max_log_bytes);
    if (spec.launch.argv.empty()) {
      return Fail(Code::kBadRequest, "a process without a program");
    }
    return spec;
  } catch (const nlohmann::json::exception& error) {
    return Fail(Code::kBadRequest, std::string("not what to run: ") + error.what());
  }
}

std::string EncodeProcessState(const ProcessState& state) {
  nlohmann::json json = {{"commit", state.release.commit.value},
                         {"hash", state.release.hash.value},
                         {"supervisor", state.supervisor},
                         {"supervisorTicks", state.supervisor_ticks},
                         {"pid", state.pid},
                         {"startTicks", state.start_ticks},
                         {"boot", state.boot},
                         {"started", state.started.time_since_epoch().count()}};
  if (state.exited) {
    json["exited"] = {{"code", state.exited->code},
                      {"signal", state.exited->signal},
                      {"stopped", state.exited->stopped},
                      {"error", state.exited->error}};
  }
  return PrintJson(json);
}

Result<ProcessState> DecodeProcessState(const std::string& text) {
  const nlohmann::json json = ReadJson(text);
  try {
    ProcessState state;
    json.at("commit").get_to(state.release.commit.value);
    json.at("hash").get_to(state.release.hash.value);
    json.at("supervisor").get_to(state.supervisor);
    json.at("supervisorTicks").get_to(state.supervisor_ticks);
    json.at("pid").get_to(state.pid);
    json.at("startTicks").get_to(state.start_ticks);
    json.at("boot").get_to(state.boot);
    state.started = Time(Duration(json.at("started").get<std::int64_t>()));
    if (json.contains("exited")) {
      const nlohmann::json& exited = json["exited"];
      state.exited.emplace();
      exited.at("code").get_to(state.exited->code);
      exited.at("signal").get_to(state.exited->signal);
      exited.at("stopped").get_to(state.exited->stopped);
      exited.at("error").get_to(state.exited->error);
    }
    return state;
  } catch (const nlohmann::json::exception& error) {
    return Fail(Code::kBadRequest, std::string("not the state of a process: ") + error.what());
  }
}

std::string Describe(const ProcessExit& exit) {
  if (!exit.error.empty()) {
    return exit.error;
  }
  if (exit.stopped) {
    return "was stopped";
  }
  return exit.signal != 0 ? "was killed by signal " + std::to_string(exit.signal)
                          : "exited with code " + std::to_string(exit.code);
}

int Supervise(const std::string& directory, int ready) {
  Descriptor signals = CatchSignals();
  const Result<Descriptor> lock = TakeLock(directory + "/lock");
  if (!lock) {
    Say(ready, lock.error().message);
    return lock.error().code == Code::kAlreadyExists ? kSuperviseTaken : kSuperviseBroken;
  }
  const Result<std::string> text = ReadFile(directory + "/spec", kMaxFileBytes);
  if (!text) {
    Say(ready, text.error().message);
    return kSuperviseBroken;
  }
  Result<SuperviseSpec> spec = DecodeSuperviseSpec(text.value());
  if (!spec) {
    Say(ready, spec.error().message);
    return kSuperviseBroken;
  }
  return Supervisor(directory, std::move(spec.value()), std::move(signals)).Run(ready);
}

Found FindSupervised(const std::string& directory) {
  Found found;
  const Result<bool> locked = IsLocked(directory + "/lock");
  found.running = !locked || locked.value();
  if (const Result<std::string> text = ReadFile(directory + "/state", kMaxFileBytes)) {
    if (Result<ProcessState> state = DecodeProcessState(text.value())) {
      found.state = std::move(state.value());
    }
  }
  return found;
}

bool SignalSupervisor(const ProcessState& state, int signal) {
  return state.supervisor > 1 && state.boot == BootId() &&
         StartTicks(state.supervisor) == state.supervisor_ticks &&
         ::kill(state.supervisor, signal) == 0;
}

Result<void> ClearAway(const std::string& directory, Duration bound) {
  const Found found = FindSupervised(directory);
  if (found.running || !found.state || found.state->exited || found.state->pid <= 1 ||
      found.state->boot != BootId()) {
    return Ok();
  }
  const pid_t leader = found.state->pid;
  const auto ticks = StartTicks(leader);
  if (ticks && *ticks != found.state->start_ticks) {
    return Ok();  // the number belongs to somebody else by now
  }
  constexpr Duration kPause{20};
  for (Duration waited{0}; waited <= bound; waited += kPause) {
    if (!SessionAlive(leader)) {
      return Ok();
    }
    SignalSession(leader, SIGKILL);
    ::poll(nullptr, 0, static_cast<int>(kPause.count()));
  }
  return Fail(Code::kTimeout, directory + ": process " + std::to_string(leader) +
                                  " is left of a supervisor that was killed, and cannot be killed");
}

}  // namespace slipway::agent
