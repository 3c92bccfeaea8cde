#include "src/agent/run_step.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/agent/bounded_log.hpp"

namespace slipway::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

constexpr std::size_t kMaxSpecBytes = 1U << 20;
constexpr std::size_t kHeadBytes = 256U << 10;
constexpr std::size_t kTailBytes = 256U << 10;
constexpr std::size_t kReplyTailBytes = 8U << 10;
constexpr Duration kReapBound{5'000};

int PollTimeout(std::optional<SteadyTime> until) {
  if (!until) {
    return -1;
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*until - SteadyClock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

/// The first line of `in`.
Result<std::string> ReadLine(int in) {
  std::string line;
  char character = 0;
  while (true) {
    const ssize_t got = ::read(in, &character, 1);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return Fail(Code::kBadRequest, "standard input ended before its first line did");
    }
    if (character == '\n') {
      return line;
    }
    if (line.size() >= kMaxSpecBytes) {
      return Fail(Code::kTooLarge, "the first line of standard input is too long");
    }
    line += character;
  }
}

bool SaysMore(int in) {
  pollfd wait{.fd = in, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, 0) > 0;
}

/// One command from its start to its reply.
class StepRun {
 public:
  StepRun(const StepSpec& spec, int in) : spec_(spec), in_(in) {}

  StepReply Run() {
    const Result<Descriptor> lock = WaitForLock();
    if (!lock) {
      reply_.error = lock.error().message;
      return reply_;
    }
    AdoptOrphans();
    Result<Launched> launched = Launch(spec_.launch);
    if (!launched) {
      reply_.error = launched.error().message;
      return reply_;
    }
    child_ = std::move(launched.value());
    exit_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, child_.pid, 0)));
    began_ = SteadyClock::now();
    next_ = began_ + spec_.timeout;
    while (!over_) {
      Wait();
    }
    EndDescendants(kReapBound);
    reply_.elapsed = std::chrono::duration_cast<Duration>(SteadyClock::now() - began_);
    reply_.tail = log_.Tail(kReplyTailBytes);
    WriteLog();
    return reply_;
  }

 private:
  Result<Descriptor> WaitForLock() const {
    if (spec_.lock_file.empty()) {
      return Descriptor();
    }
    const SteadyTime until = SteadyClock::now() + spec_.lock_wait;
    while (true) {
      Result<Descriptor> lock = TakeLock(spec_.lock_file);
      if (lock || lock.error().code != Code::kAlreadyExists || SteadyClock::now() >= until ||
          SaysMore(in_)) {
        return lock;
      }
      ::poll(nullptr, 0, 20);
    }
  }

  void Wait() {
    pollfd waits[3] = {{.fd = ending_ ? -1 : in_, .events = POLLIN, .revents = 0},
                       {.fd = child_.output.get(), .events = POLLIN, .revents = 0},
                       {.fd = exited_ ? -1 : exit_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(waits, 3, PollTimeout(next_)) < 0 && errno != EINTR) {
      over_ = true;
      return;
    }
    if (waits[1].revents != 0) {
      ReadOutput();
    }
    if (waits[2].revents != 0) {
      Reap();
    }
    if (waits[0].revents != 0 && !exited_) {
      reply_.cancelled = true;
      Terminate();
    }
    if (SteadyClock::now() >= next_) {
      TimeIsUp();
    }
    over_ = over_ || (exited_ && !child_.output.open());
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

  void Reap() {
    int status = 0;
    if (::waitpid(child_.pid, &status, WNOHANG) != child_.pid) {
      return;
    }
    exited_ = true;
    reply_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    reply_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    next_ = SteadyClock::now() + spec_.join;
  }

  void Terminate() {
    ending_ = true;
    SignalSession(child_.pid, SIGTERM);
    next_ = SteadyClock::now() + spec_.grace;
  }

  void TimeIsUp() {
    if (exited_) {
      reply_.held_open = !ending_;
      over_ = true;
    } else if (!ending_) {
      reply_.timed_out = true;
      Terminate();
    } else if (!killed_) {
      killed_ = true;
      SignalSession(child_.pid, SIGKILL);
      next_ = SteadyClock::now() + kReapBound;
    } else {
      over_ = true;  // it cannot be killed: it hangs in the kernel
    }
  }

  void WriteLog() const {
    if (!spec_.log_file.empty()) {
      RotatedLog file(spec_.log_file, 0);
      file.Write(log_.Text());
    }
  }

  const StepSpec& spec_;
  int in_;
  Launched child_;
  Descriptor exit_;
  AnsiStripper stripper_;
  HeadAndTail log_{kHeadBytes, kTailBytes};
  StepReply reply_;
  SteadyTime began_;
  SteadyTime next_;  ///< when TimeIsUp() is due
  bool ending_ = false;
  bool killed_ = false;
  bool exited_ = false;
  bool over_ = false;
};

}  // namespace

std::string Describe(const StepReply& reply, Duration timeout) {
  if (!reply.error.empty()) {
    return reply.error;
  }
  if (reply.cancelled) {
    return "was cancelled";
  }
  if (reply.timed_out) {
    return "did not end within " + api::FormatDuration(timeout) + " and was killed";
  }
  if (reply.signal != 0) {
    return "was killed by signal " + std::to_string(reply.signal);
  }
  if (reply.exit_code != 0) {
    return "exited with code " + std::to_string(reply.exit_code);
  }
  if (reply.held_open) {
    return "ended, but something that it started keeps its output open; start it as one of "
           "release.processes";
  }
  return "";
}

std::string EncodeStepSpec(const StepSpec& spec) {
  const nlohmann::json json = {
      {"argv", spec.launch.argv},        {"directory", spec.launch.directory},
      {"env", spec.launch.env},          {"user", spec.launch.user},
      {"timeout", spec.timeout.count()}, {"grace", spec.grace.count()},
      {"join", spec.join.count()},       {"log", spec.log_file},
      {"lock", spec.lock_file},          {"lockWait", spec.lock_wait.count()}};
  return PrintJson(json);
}

Result<StepSpec> DecodeStepSpec(const std::string& text) {
  const nlohmann::json json = ReadJson(text);
  try {
    StepSpec spec;
    json.at("argv").get_to(spec.launch.argv);
    json.at("directory").get_to(spec.launch.directory);
    json.at("env").get_to(spec.launch.env);
    json.at("user").get_to(spec.launch.user);
    spec.timeout = Duration(json.at("timeout").get<std::int64_t>());
    spec.grace = Duration(json.at("grace").get<std::int64_t>());
    spec.join = Duration(json.at("join").get<std::int64_t>());
    json.at("log").get_to(spec.log_file);
    json.at("lock").get_to(spec.lock_file);
    spec.lock_wait = Duration(json.at("lockWait").get<std::int64_t>());
    if (spec.launch.argv.empty()) {
      return Fail(Code::kBadRequest, "a step without a program");
    }
    return spec;
  } catch (const nlohmann::json::exception& error) {
    return Fail(Code::kBadRequest, std::string("not a step: ") + error.what());
  }
}

std::string EncodeStepReply(const StepReply& reply) {
  const nlohmann::json json = {{"error", reply.error},
                               {"exitCode", reply.exit_code},
                               {"signal", reply.signal},
                               {"timedOut", reply.timed_out},
                               {"cancelled", reply.cancelled},
                               {"heldOpen", reply.held_open},
                               {"elapsed", reply.elapsed.count()},
                               {"tail", reply.tail}};
  return PrintJson(json);
}

Result<StepReply> DecodeStepReply(const std::string& text) {
  const nlohmann::json json = ReadJson(text);
  try {
    StepReply reply;
    json.at("error").get_to(reply.error);
    json.at("exitCode").get_to(reply.exit_code);
    json.at("signal").get_to(reply.signal);
    json.at("timedOut").get_to(reply.timed_out);
    json.at("cancelled").get_to(reply.cancelled);
    json.at("heldOpen").get_to(reply.held_open);
    reply.elapsed = Duration(json.at("elapsed").get<std::int64_t>());
    json.at("tail").get_to(reply.tail);
    return reply;
  } catch (const nlohmann::json::exception& error) {
    return Fail(Code::kInternal, std::string("not the reply of a step: ") + error.what());
  }
}

int RunStep(int in, int out) {
  const Result<std::string> line = ReadLine(in);
  if (!line) {
    return 2;
  }
  const Result<StepSpec> spec = DecodeStepSpec(line.value());
  StepReply reply;
  if (spec) {
    reply = StepRun(spec.value(), in).Run();
  } else {
    reply.error = spec.error().message;
  }
  const std::string text = EncodeStepReply(reply);
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(out, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return 1;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace slipway::agent
