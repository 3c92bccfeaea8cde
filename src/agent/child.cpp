#include "src/agent/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "src/agent/files.hpp"
#include "src/agent/supervise.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> MakePipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return SystemError("pipe", "cannot be made");
  }
  return Pipe{.read = Descriptor(ends[0]), .write = Descriptor(ends[1])};
}

/// posix_spawn with `input` and `output` as its standard ones; in a session of its own.
Result<pid_t> Spawn(const std::vector<std::string>& argv, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  // Asio 1.74 opens sockets without O_CLOEXEC.
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t pid = -1;
  errno = ::posix_spawn(&pid, argv[0].c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (errno != 0) {
    return SystemError(argv[0], "cannot be started");
  }
  return pid;
}

int OpenPidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

ChildReply Reap(pid_t pid) {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(pid, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  ChildReply reply;
  reply.exit_code = reaped == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return reply;
}

/// What one running child owns. Shared with the timer and the control, which may be late.
struct Running {
  explicit Running(const asio::any_io_executor& executor)
      : input(executor), output(executor), ended(executor), deadline(executor) {}

  asio::posix::stream_descriptor input;
  asio::posix::stream_descriptor output;
  asio::posix::stream_descriptor ended;
  asio::steady_timer deadline;
  pid_t pid = -1;
  bool over = false;
  bool timed_out = false;
};

void KillAtDeadline(const std::shared_ptr<Running>& running, Duration deadline) {
  if (deadline.count() == 0) {
    return;
  }
  running->deadline.expires_after(deadline);
  running->deadline.async_wait([running](error_code failed) {
    if (!failed && !running->over) {
      running->timed_out = true;
      ::kill(-running->pid, SIGKILL);
      error_code ignored;
      running->output.close(ignored);
    }
  });
}

asio::awaitable<std::string> ReadToEnd(std::shared_ptr<Running> running, std::size_t max_bytes) {
  std::string output;
  std::string buffer(16'384, '\0');
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  while (!failed && running->output.is_open()) {
    const auto space = asio::buffer(buffer);
    const std::size_t got = co_await running->output.async_read_some(space, token);
    if (output.size() + got > max_bytes) {
      ::kill(-running->pid, SIGKILL);
      break;
    }
    output.append(buffer, 0, got);
  }
  co_return output;
}

}  // namespace

asio::awaitable<Result<ChildReply>> RunChild(ChildRequest request,
                                             std::shared_ptr<Control> control) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (control && control->cancelled) {
    co_return Fail(Code::kUnavailable, "was cancelled");
  }
  Result<Pipe> in = MakePipe();
  Result<Pipe> out = MakePipe();
  if (!in || !out) {
    co_return in ? out.error() : in.error();
  }
  const Result<pid_t> pid = Spawn(request.argv, in.value().read.get(), out.value().write.get());
  if (!pid) {
    co_return pid.error();
  }
  in.value().read.Close();
  out.value().write.Close();
  const auto running = std::make_shared<Running>(executor);
  running->pid = pid.value();
  running->input.assign(in.value().write.Release());
  running->output.assign(out.value().read.Release());
  running->ended.assign(OpenPidfd(pid.value()));
  KillAtDeadline(running, request.deadline);
  const Stoppable stoppable(control, [running, held = request.hold_input] {
    if (!held) {
      ::kill(-running->pid, SIGKILL);
    }
    error_code ignored;
    running->input.close(ignored);
  });
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  const auto input = asio::buffer(request.input);
  co_await asio::async_write(running->input, input, token);
  if (!request.hold_input) {
    running->input.close(failed);
  }
  std::string output = co_await ReadToEnd(running, request.max_output_bytes);
  co_await running->ended.async_wait(asio::posix::stream_descriptor::wait_read, token);
  running->over = true;
  running->deadline.cancel();
  ChildReply reply = Reap(running->pid);
  reply.timed_out = running->timed_out;
  reply.output = std::move(output);
  co_return reply;
}

asio::awaitable<Result<void>> StartSupervisor(std::string program, std::string directory) {
  constexpr Duration kPatience{10'000};
  constexpr std::size_t kMaxLineBytes = 4'096;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Result<Pipe> out = MakePipe();
  if (!out) {
    co_return out.error();
  }
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<std::string> argv = {program, "supervise", directory};
  const Result<pid_t> pid = Spawn(argv, nothing.get(), out.value().write.get());
  if (!pid) {
    co_return Fail(Code::kUnavailable, pid.error().message);
  }
  out.value().write.Close();
  const auto running = std::make_shared<Running>(executor);
  running->pid = pid.value();
  running->output.assign(out.value().read.Release());
  running->ended.assign(OpenPidfd(pid.value()));
  running->ended.async_wait(asio::posix::stream_descriptor::wait_read,
                            [running](error_code failed) {
                              if (!failed) {
                                Reap(running->pid);
                              }
                            });
  KillAtDeadline(running, kPatience);
  std::string line = co_await ReadToEnd(running, kMaxLineBytes);
  running->over = true;
  running->deadline.cancel();
  while (!line.empty() && line.back() == '\n') {
    line.pop_back();
  }
  if (line == kSaysStarted) {
    co_return Ok();
  }
  if (line.starts_with(kSaysRefused)) {
    co_return Fail(Code::kInvalid, line.substr(kSaysRefused.size()));
  }
  co_return Fail(Code::kUnavailable,
                 line.empty() ? directory + ": its supervisor did not answer" : line);
}

}  // namespace slipway::agent
