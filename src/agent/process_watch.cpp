#include "src/agent/process_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "src/agent/child.hpp"
#include "src/agent/files.hpp"
#include "src/agent/http_check.hpp"
#include "src/agent/log.hpp"
#include "src/agent/text.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMaxSpecBytes = 1U << 20;
constexpr std::size_t kMaxLogTailBytes = 4U << 10;
/// What lived at least this long is started again as if it had never ended.
constexpr Duration kLasting{60'000};
/// Bad checks in a row that are worth a new look; more of them say nothing new.
constexpr int kTellingChecks = 3;
/// systemd is asked less often than a process is: every question is a program.
constexpr Duration kServiceCheck{15'000};

}  // namespace

ProcessWatch::ProcessWatch(asio::any_io_executor executor, std::string directory,
                           const Observer::Options& options, const Clock& clock,
                           std::function<void()> changed)
    : executor_(executor),
      directory_(std::move(directory)),
      options_(options),
      clock_(clock),
      changed_(std::move(changed)),
      timer_(executor),
      again_(executor),
      end_(executor) {
  observed_.name = directory_.substr(directory_.rfind('/') + 1);
}

void ProcessWatch::ReadSpec() {
  if (const Result<std::string> text = ReadFile(directory_ + "/watch", kMaxSpecBytes)) {
    if (Result<WatchSpec> spec = DecodeWatchSpec(text.value())) {
      spec_ = std::move(spec.value());
    }
  }
}

void ProcessWatch::Look() {
  ReadSpec();
  if (spec_ && !spec_->process.service.empty()) {
    if (round_ == 0) {
      observed_.checked = false;
      observed_.id = spec_->release;
      BeginChecks();
    }
    return;
  }
  const Found found = FindSupervised(directory_);
  Instance instance;
  if (found.state) {
    instance = {.pid = found.state->pid,
                .start_ticks = found.state->start_ticks,
                .started = found.state->started};
  }
  const bool fresh = found.state && instance != instance_;
  const bool first = !std::exchange(looked_, true);
  if (found.running && (!observed_.running || fresh)) {
    instance_ = instance;
    Begin(found);
  } else if (!found.running && (observed_.running || fresh || first)) {
    instance_ = instance;
    End(found, observed_.running || !first);
  }
}

void ProcessWatch::Begin(const Found& found) {
  const int restarts = observed_.restarts;
  observed_ = host::ObservedProcess{.name = observed_.name, .running = true, .restarts = restarts};
  began_ = clock_.Mono();
  if (found.state) {
    observed_.id = found.state->release;
    started_ = found.state->started;
    AwaitEnd(found.state->supervisor);
  }
  BeginChecks();
}

void ProcessWatch::TakeEnd(bool ran, bool stopped) {
  const bool lasted = observed_.running && clock_.Mono() - began_ >= kLasting;
  observed_.running = false;
  observed_.checked = true;
  observed_.healthy_since.reset();
  observed_.was_healthy = false;
  observed_.bad_checks = 0;
  observed_.ended = ran ? clock_.Mono() : MonoTime{};
  observed_.restarts = stopped || lasted || !ran ? 0 : observed_.restarts + 1;
}

void ProcessWatch::End(const Found& found, bool ran) {
  const bool stopped = found.state && found.state->exited && found.state->exited->stopped;
  ++round_;
  timer_.cancel();
  TakeEnd(ran, stopped);
  if (!found.state) {
    observed_.trouble = "was never started";
  } else if (found.state->exited) {
    observed_.id = found.state->release;
    observed_.trouble = Describe(*found.state->exited);
    if (!stopped && found.state->exited->error.empty()) {
      const Result<std::string> log = ReadTail(directory_ + "/log", kMaxLogTailBytes);
      observed_.trouble += log ? LastLine(log.value()) : "";
    }
  } else {
    observed_.id = found.state->release;
    observed_.trouble = "ended together with its supervisor";
  }
}

void ProcessWatch::AwaitEnd(pid_t supervisor) {
  error_code ignored;
  end_.close(ignored);
  const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, supervisor, 0));
  if (descriptor < 0) {
    // It is gone already, or not yet to be seen: look again soon.
    again_.expires_after(Duration(100));
    again_.async_wait([self = shared_from_this()](error_code failed) {
      if (!failed) {
        self->Look();
        self->changed_();
      }
    });
    return;
  }
  end_.assign(descriptor);
  end_.async_wait(asio::posix::stream_descriptor::wait_read,
                  [self = shared_from_this()](error_code failed) {
                    if (!failed) {
                      self->Look();
                      self->changed_();
                    }
                  });
}

void ProcessWatch::ServiceChanged(bool running) {
  ReadSpec();
  running ? BeginService() : EndService(/*stopped=*/true);
  // Also where it has ended: an answer that is on its way tells of the time before the change.
  BeginChecks();
}

void ProcessWatch::BeginService() {
  observed_ = host::ObservedProcess{.name = observed_.name,
                                    .running = true,
                                    .checked = observed_.checked,
                                    .restarts = observed_.restarts};
  began_ = clock_.Mono();
  started_ = clock_.Now();
  if (spec_) {
    observed_.id = spec_->release;
  }
}

void ProcessWatch::EndService(bool stopped) {
  TakeEnd(observed_.running, stopped);
  observed_.trouble = "service " + (spec_ ? spec_->process.service : "") + " is not active";
}

void ProcessWatch::BeginChecks() {
  const std::uint64_t round = ++round_;
  timer_.cancel();
  const bool service = spec_ && !spec_->process.service.empty();
  const bool http = spec_ && spec_->process.health.http.has_value();
  if (!service && !http) {
    observed_.checked = true;
    observed_.healthy_since = clock_.Mono();
    observed_.was_healthy = true;
    return;
  }
  observed_.checked = observed_.checked && service;
  asio::co_spawn(
      executor_, [self = shared_from_this(), round] { return self->CheckUntil(round); },
      [self = shared_from_this()](const std::exception_ptr& failed) {
        if (failed) {
          LogWarning(self->directory_ + ": its checks ended; the agent must be started again");
        }
      });
}

asio::awaitable<void> ProcessWatch::CheckUntil(std::uint64_t round) {
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  while (round == round_) {
    const bool goes_on = co_await CheckOnce(round);
    if (!goes_on) {
      break;
    }
    timer_.expires_after(Pause());
    co_await timer_.async_wait(token);
  }
}

asio::awaitable<bool> ProcessWatch::CheckOnce(std::uint64_t round) {
  const WatchSpec spec = *spec_;
  std::string trouble;
  if (!spec.process.service.empty()) {
    ChildRequest request;
    request.argv = {options_.systemctl, "is-active", "--quiet", spec.process.service};
    request.deadline = Duration(10'000);
    const Result<ChildReply> reply = co_await RunChild(std::move(request), nullptr);
    if (round != round_) {
      co_return false;
    }
    const bool active = reply && reply.value().exit_code == 0;
    if (active != observed_.running || !observed_.checked) {
      active ? BeginService() : EndService(/*stopped=*/false);
      changed_();
    }
    if (!active) {
      co_return true;
    }
  }
  if (const auto& http = spec.process.health.http) {
    trouble = co_await CheckHttp(spec.address, http->port, http->path, spec.process.health.timeout);
    if (round != round_) {
      co_return false;
    }
  }
  Take(trouble);
  co_return true;
}

void ProcessWatch::Take(const std::string& trouble) {
  const bool was_checked = std::exchange(observed_.checked, true);
  if (trouble.empty()) {
    const bool was_good = observed_.healthy_since.has_value();
    observed_.healthy_since = observed_.healthy_since.value_or(clock_.Mono());
    observed_.was_healthy = true;
    observed_.bad_checks = 0;
    observed_.trouble.clear();
    if (!was_good || !was_checked) {
      changed_();
    }
    return;
  }
  observed_.healthy_since.reset();
  observed_.bad_checks = std::min(observed_.bad_checks + 1, 1'000'000);
  observed_.trouble = trouble;
  if (observed_.bad_checks <= kTellingChecks || !was_checked) {
    changed_();
  }
}

Duration ProcessWatch::Pause() const {
  const api::Health& health = spec_->process.health;
  const bool service = !spec_->process.service.empty();
  const Duration slow = std::max(health.interval, service ? kServiceCheck : options_.slow_check);
  const bool settled = observed_.healthy_since &&
                       clock_.Mono() - *observed_.healthy_since > health.min_healthy_time + slow;
  return std::max(settled ? slow : health.interval, Duration(10));
}

void ProcessWatch::Stop() {
  ++round_;
  changed_ = [] {};
  timer_.cancel();
  again_.cancel();
  error_code ignored;
  end_.close(ignored);
}

}  // namespace slipway::agent
