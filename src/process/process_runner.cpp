#include "src/process/process_runner.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace slipway::process {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxErrorBytes = 64 << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// Our end does not block; the child's end does.
struct Channel {
  Descriptor ours;
  Descriptor theirs;
};

Error SystemError(const std::string& what) {
  return Fail(Code::kInternal, what + ": " + std::strerror(errno));
}

Result<Channel> OpenPipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return SystemError("cannot make a pipe");
  Channel channel{Descriptor(fds[0]), Descriptor(fds[1])};
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return channel;
}

// A socket, because a write to a pipe that nobody reads raises SIGPIPE and a send can be told not
// to.
Result<Channel> OpenInput() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return SystemError("cannot make a socket pair");
  }
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return Channel{Descriptor(fds[0]), Descriptor(fds[1])};
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// What a child needs to become the program; made before it starts, because it may not allocate.
struct Launch {
  char* const* argv;
  char* const* env;
  const char* directory;  ///< nullptr: ours
  int in;
  int out;
  int err;
  int report;  ///< where it says why it could not
  pid_t parent;
};

/// In the child, which shares our memory until it is another program: calls the system and nothing else. With us it ends too,
/// also where we are killed.
bool Prepare(const Launch& launch) {
  struct sigaction initial {};
  initial.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    ::sigaction(number, &initial, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == launch.parent &&
         ::setpgid(0, 0) == 0 && ::dup2(launch.in, 0) >= 0 && ::dup2(launch.out, 1) >= 0 &&
         ::dup2(launch.err, 2) >= 0 &&
         // Libraries of ours open descriptors without O_CLOEXEC.
         ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
         (launch.directory == nullptr || ::chdir(launch.directory) == 0) &&
         ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

/// Not inlined: the child must not return into the function that made it.
[[gnu::noinline]] pid_t Start(const Launch& launch) {
  const pid_t pid = ::vfork();
  if (pid == 0) {
    if (Prepare(launch)) {
      ::execvpe(launch.argv[0], launch.argv, launch.env);
    }
    const int why = errno;
    [[maybe_unused]] const ssize_t said = ::write(launch.report, &why, sizeof why);
    ::_exit(127);
  }
  return pid;
}

Result<pid_t> Spawn(const ProcessRequest& request, int in, int out, int err) {
  SLIPWAY_TRY(report, OpenPipe());
  const std::vector<char*> argv = Pointers(request.argv);
  const std::vector<char*> env = Pointers(request.env);
  const std::string& directory = request.working_directory;
  const Launch launch{.argv = argv.data(),
                      .env = env.data(),
                      .directory = directory.empty() ? nullptr : directory.c_str(),
                      .in = in,
                      .out = out,
                      .err = err,
                      .report = report.theirs.get(),
                      .parent = ::getpid()};
  // No handler of ours may run in the child.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = Start(launch);
  const int unmade = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  report.theirs.Close();
  int failure = pid < 0 ? unmade : 0;
  pollfd said{report.ours.get(), POLLIN, 0};
  if (pid > 0 && ::poll(&said, 1, -1) == 1 &&
      ::read(report.ours.get(), &failure, sizeof failure) == sizeof failure) {
    ::waitpid(pid, nullptr, 0);
  }
  if (failure != 0) {
    return Fail(failure == ENOENT ? Code::kNotFound : Code::kInternal,
                "cannot start " + request.argv[0] + ": " + std::strerror(failure));
  }
  return pid;
}

/// A child and our ends of its descriptors. Kills the group and reaps the child when it goes.
class Child {
 public:
  Child(pid_t pid, Descriptor in, Descriptor out, Descriptor err)
      : pid_(pid),
        exit_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        in_(std::move(in)),
        out_(std::move(out)),
        err_(std::move(err)) {}
  ~Child() { Reap(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool watched() const { return exit_.open(); }
  void Drive(const ProcessRequest& request, ProcessOutcome& outcome);

  // The child stays a zombie until it is reaped, so the number of its group cannot belong to others
  // yet.
  int Reap() {
    if (pid_ < 0) return status_;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status_;
  }

 private:
  void Write(const std::string& input);
  static void Read(Descriptor& from, std::string& to, std::size_t limit, bool& overflow);

  pid_t pid_;
  int status_ = 0;
  std::size_t written_ = 0;
  Descriptor exit_;
  Descriptor in_;
  Descriptor out_;
  Descriptor err_;
};

void Child::Write(const std::string& input) {
  while (in_.open() && written_ < input.size()) {
    ssize_t count =
        ::send(in_.get(), input.data() + written_, input.size() - written_, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) break;  // It reads no more: what it answers decides.
    written_ += static_cast<std::size_t>(count);
  }
  in_.Close();
}

void Child::Read(Descriptor& from, std::string& to, std::size_t limit, bool& overflow) {
  std::array<char, 65536> buffer;
  // As much as the largest pipe holds, then the deadline is looked at again.
  for (int reads = 0; from.open() && reads < 16; ++reads) {
    ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      from.Close();
      return;
    }
    std::size_t room = limit - to.size();
    overflow = overflow || static_cast<std::size_t>(count) > room;
    to.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  }
}

void Child::Drive(const ProcessRequest& request, ProcessOutcome& outcome) {
  const SteadyClock::time_point end = SteadyClock::now() + request.deadline;
  bool long_complaint = false;  // Of what it complains about, the first part is enough.
  for (bool ended = false; !ended && !outcome.too_much_output;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now()).count();
    if (left <= 0) {
      outcome.timed_out = true;
      return;
    }
    std::array<pollfd, 4> polled = {{{exit_.get(), POLLIN, 0},
                                     {in_.get(), POLLOUT, 0},
                                     {out_.get(), POLLIN, 0},
                                     {err_.get(), POLLIN, 0}}};
    ::poll(polled.data(), polled.size(), static_cast<int>(std::min<long long>(left, 1 << 30)));
    // Everything that it wrote before it ended is in the pipes now; what its children write later
    // is not its answer.
    ended = (polled[0].revents & POLLIN) != 0;
    Write(request.input);
    Read(out_, outcome.out, request.max_output_bytes, outcome.too_much_output);
    Read(err_, outcome.err, kMaxErrorBytes, long_complaint);
  }
}

}  // namespace

Result<ProcessOutcome> PosixProcessRunner::Run(const ProcessRequest& request) {
  if (request.argv.empty()) return Fail(Code::kInternal, "no program to run was named");
  SLIPWAY_TRY(input, OpenInput());
  SLIPWAY_TRY(output, OpenPipe());
  SLIPWAY_TRY(errors, OpenPipe());
  if (!request.output_file.empty()) {
    output.ours.Close();
    output.theirs = Descriptor(
        ::open(request.output_file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!output.theirs.open()) return SystemError("cannot create " + request.output_file);
  }
  SLIPWAY_TRY(pid, Spawn(request, input.theirs.get(), output.theirs.get(), errors.theirs.get()));
  Child child(pid, std::move(input.ours), std::move(output.ours), std::move(errors.ours));
  input.theirs.Close();
  output.theirs.Close();
  errors.theirs.Close();
  if (!child.watched()) return SystemError("cannot watch " + request.argv[0]);
  ProcessOutcome outcome;
  child.Drive(request, outcome);
  int status = child.Reap();
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

}  // namespace slipway::process
