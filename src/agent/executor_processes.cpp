#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "src/agent/executor.hpp"
#include "src/agent/files.hpp"
#include "src/agent/log.hpp"
#include "src/agent/release_directories.hpp"
#include "src/agent/supervise.hpp"

// How processes are stopped, switched and started.
namespace slipway::agent {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxSpecBytes = 2U << 20;
constexpr Duration kStopMargin{15'000};  ///< beyond stopTimeout, for the supervisor itself
constexpr Duration kStopLook{20};
constexpr Duration kClearBound{5'000};

std::string ServiceIn(const std::string& directory) {
  const Result<std::string> text = ReadFile(directory + "/watch", kMaxSpecBytes);
  const Result<WatchSpec> spec = text ? DecodeWatchSpec(text.value()) : text.error();
  return spec ? spec.value().process.service : "";
}

Duration StopTimeoutIn(const std::string& directory) {
  const Result<std::string> text = ReadFile(directory + "/spec", kMaxSpecBytes);
  const Result<SuperviseSpec> spec = text ? DecodeSuperviseSpec(text.value()) : text.error();
  return spec ? spec.value().stop_timeout : Duration{10'000};
}

/// A name that is in a set for as long as this lives. The set is shared: a coroutine that an agent
/// leaves behind when it stops is destroyed after the executor.
class Entered {
 public:
  Entered(std::shared_ptr<std::set<std::string>> names, std::string name)
      : names_(std::move(names)), name_(std::move(name)) {
    names_->insert(name_);
  }
  ~Entered() { names_->erase(name_); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  std::shared_ptr<std::set<std::string>> names_;
  std::string name_;
};

/// Names of the processes that are there, those of the release in the opposite of its order first.
std::vector<std::string> StopOrder(const std::string& processes,
                                   const api::ReleaseTemplate& config) {
  std::vector<std::string> names = ListDirectory(processes);
  std::vector<std::string> order;
  for (auto it = config.processes.rbegin(); it != config.processes.rend(); ++it) {
    if (std::ranges::find(names, it->name) != names.end()) {
      order.push_back(it->name);
    }
  }
  for (const std::string& name : names) {
    if (std::ranges::find(order, name) == order.end()) {
      order.push_back(name);
    }
  }
  return order;
}

}  // namespace

asio::awaitable<Result<void>> Executor::Stop(Job job) {
  const std::vector<std::string> names = StopOrder(job.processes, job.action.config);
  for (const std::string& name : names) {
    const std::string directory = job.processes + "/" + name;
    const std::string service = ServiceIn(directory);
    if (service.empty()) {
      SLIPWAY_CO_TRYV(co_await StopOne(directory));
      continue;
    }
    std::vector<std::string> argv = {options_.systemctl, "stop", service};
    SLIPWAY_CO_TRYV(co_await RunTool(job, std::move(argv), "stopping service " + service));
    observer_.ServiceChanged(directory, false);
  }
  co_return Ok();
}

asio::awaitable<Result<void>> Executor::StopOne(std::string directory) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  const MonoTime until = clock_.Mono() + StopTimeoutIn(directory) + kStopMargin;
  pid_t told = 0;
  bool killed = false;
  while (true) {
    const Found found = FindSupervised(directory);
    if (!found.running) {
      break;
    }
    if (found.state && found.state->supervisor != told && SignalSupervisor(*found.state, SIGTERM)) {
      told = found.state->supervisor;
    }
    if (!killed && clock_.Mono() >= until && found.state) {
      killed = SignalSupervisor(*found.state, SIGKILL);
      LogWarning(directory + ": its supervisor does not stop it and is to be killed");
    }
    if (clock_.Mono() >= until + kClearBound) {
      co_return Fail(Code::kTimeout, directory + ": cannot be stopped");
    }
    timer.expires_after(kStopLook);
    co_await timer.async_wait(token);
  }
  co_return ClearAway(directory, kClearBound);
}

asio::awaitable<Result<void>> Executor::Switch(Job job) {
  struct stat info {};
  if (::stat(job.directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    co_return Fail(Code::kInvalid, job.directory + ": is not there any more");
  }
  SLIPWAY_CO_TRYV(CheckShared(job.layout, job.action.config));
  // What the release holds must be on the disk before anything points to it.
  std::vector<std::string> argv = {"/bin/sync", "-f", job.directory};
  SLIPWAY_CO_TRYV(co_await RunTool(job, std::move(argv), "writing the release to the disk"));
  co_return SwitchLink(job.layout.Current(), "releases/" + job.action.directory);
}

asio::awaitable<Result<void>> Executor::Start(Job job) {
  for (const api::Process& process : job.action.config.processes) {
    SLIPWAY_CO_TRYV(co_await StartProcess(job, process, /*replace=*/true));
  }
  co_return Ok();
}

asio::awaitable<Result<void>> Executor::StartAgain(host::Upkeep upkeep) {
  host::Action action;
  action.id.application = upkeep.application;
  action.release = upkeep.release;
  action.config = upkeep.config;
  action.directory = upkeep.directory;
  const Job job = MakeJob(std::move(action));
  for (const api::Process& process : upkeep.config.processes) {
    if (process.name == upkeep.process) {
      SLIPWAY_CO_TRYV(co_await StartProcess(job, process, /*replace=*/false));
    }
  }
  co_return Ok();
}

/// One start of one process at a time: an attempt and upkeep may want the same one.
asio::awaitable<Result<void>> Executor::StartProcess(Job job, api::Process process, bool replace) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  const std::string directory = job.processes + "/" + process.name;
  while (starting_->contains(directory)) {
    timer.expires_after(kStopLook);
    co_await timer.async_wait(token);
  }
  const Entered entered(starting_, directory);
  co_return co_await StartSupervised(std::move(job), std::move(process), replace);
}

asio::awaitable<Result<void>> Executor::StartSupervised(Job job, api::Process process,
                                                        bool replace) {
  const std::string directory = job.processes + "/" + process.name;
  SLIPWAY_CO_TRYV(MakeDirectories(directory));
  WatchSpec watch{.process = process, .address = options_.address, .release = job.action.release};
  if (watch.process.health.http) {
    watch.process.health.http->path = Expand(process.health.http->path, job.facts);
  }
  if (!process.service.empty()) {
    SLIPWAY_CO_TRYV(WriteFileAtomically(directory + "/watch", EncodeWatchSpec(watch), 0644));
    co_return co_await StartService(std::move(job), std::move(process));
  }
  const Found found = FindSupervised(directory);
  if (found.running && found.state && found.state->release == job.action.release) {
    co_return Ok();
  }
  if (found.running && !replace) {
    co_return Fail(Code::kInternal, process.name + ": another release of it runs");
  }
  if (found.running) {
    // Upkeep started the old one in the moment in which the attempt saw that nothing ran.
    SLIPWAY_CO_TRYV(co_await StopOne(directory));
  }
  SLIPWAY_CO_TRYV(ClearAway(directory, kClearBound));
  SLIPWAY_CO_TRY(user, FindUser(job.action.config.user));
  SuperviseSpec spec;
  spec.launch = {.argv = {"/bin/sh", "-c", process.run},
                 .directory = job.directory,
                 .env = MakeEnvironment(job.action.config.env, user, job.facts),
                 .user = job.action.config.user};
  spec.stop_timeout = process.stop_timeout;
  spec.release = job.action.release;
  SLIPWAY_CO_TRYV(WriteFileAtomically(directory + "/watch", EncodeWatchSpec(watch), 0644));
  SLIPWAY_CO_TRYV(WriteFileAtomically(directory + "/spec", EncodeSuperviseSpec(spec), 0600));
  const Result<void> started = co_await StartSupervisor(options_.program, directory);
  if (!started) {
    co_return Fail(started.error().code, process.name + ": " + started.error().message);
  }
  co_return Ok();
}

asio::awaitable<Result<void>> Executor::StartService(Job job, api::Process process) {
  struct stat info {};
  if (::stat(options_.systemd_marker.c_str(), &info) != 0) {
    co_return Fail(Code::kInvalid,
                   "service " + process.service +
                       ": systemd does not run on this server; use run instead of service");
  }
  std::vector<std::string> argv = {options_.systemctl, "restart", process.service};
  const Result<void> restarted =
      co_await RunTool(job, std::move(argv), "restarting service " + process.service);
  if (!restarted && restarted.error().code == Code::kInternal) {
    co_return Fail(Code::kInvalid, restarted.error().message);  // systemd was asked, and says no
  }
  SLIPWAY_CO_TRYV(restarted);
  observer_.ServiceChanged(job.processes + "/" + process.name, true);
  co_return Ok();
}

}  // namespace slipway::agent
