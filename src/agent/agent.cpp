#include "src/agent/agent.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "src/agent/claim.hpp"
#include "src/agent/https_client.hpp"
#include "src/agent/log.hpp"
#include "src/agent/logs.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;

constexpr Duration kJournalRetry{5'000};
/// An agent that was killed while it started a child has left that with a copy of the lock's
/// descriptor, until the child executes its program.
constexpr Duration kLockPatience{5'000};
/// The certificate is asked for anew when this much of its year is left.
constexpr Duration kRenewBefore = std::chrono::hours(24 * 30);
constexpr Duration kRenewalLook = std::chrono::hours(1);
constexpr Duration kRefusedPause{1'000};
constexpr Duration kLongestRefusedPause{60'000};
constexpr Duration kPackDeadline{1'800'000};
constexpr std::uint64_t kMaxPackBytes = 16ULL << 30;
constexpr std::size_t kMaxAddresses = 64;

/// How long upkeep leaves a process alone that could not be started: a start that failed may have left
/// nothing from which the next look could tell.
Duration StartPause(int failures) {
  constexpr Duration kFirst{1'000};
  constexpr int kMaxDoublings = 6;
  return kFirst * (1 << std::min(failures, kMaxDoublings));
}

/// Addresses of the interfaces that are up, loopback left out.
std::vector<std::string> InterfaceAddresses() {
  std::vector<std::string> addresses;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) {
    return addresses;
  }
  for (const ifaddrs* one = all; one != nullptr && addresses.size() < kMaxAddresses;
       one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_LOOPBACK) != 0 ||
        (one->ifa_flags & IFF_UP) == 0) {
      continue;
    }
    const int family = one->ifa_addr->sa_family;
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::array<char, NI_MAXHOST> text{};
    if ((family == AF_INET || family == AF_INET6) &&
        ::getnameinfo(one->ifa_addr, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
            0) {
      const std::string address = text.data();
      if (address.rfind("fe80:", 0) != 0) {
        addresses.push_back(address);
      }
    }
  }
  ::freeifaddrs(all);
  return addresses;
}

std::vector<std::string> Capabilities() {
  std::vector<std::string> capabilities;
  struct stat info {};
  if (::geteuid() == 0) {
    capabilities.emplace_back("run-as-user");
  }
  if (::stat("/run/systemd/system", &info) == 0) {
    capabilities.emplace_back("systemd");
  }
  return capabilities;
}

host::WantedRelease FromWire(protocol::ReleaseAssignment release) {
  return {.application = release.intent.application,
          .rollout = release.intent.rollout,
          .number = release.intent.attempt,
          .id = {.commit = release.intent.commit, .hash = release.intent.hash},
          .content = {.repository = release.repository, .path = release.path, .tree = release.tree},
          .config = std::move(release.release)};
}

host::WantedTest FromWire(protocol::TestAssignment test) {
  return {.name = test.name,
          .uid = test.uid,
          .application = test.application,
          .rollout = test.rollout,
          .number = test.number,
          .id = {.commit = test.commit, .hash = test.hash},
          .content = {.repository = test.repository, .path = test.path, .tree = test.tree},
          .config = std::move(test.release_template)};
}

}  // namespace

/// Packs from the gateway.
class Agent::Packs final : public PackSource {
 public:
  Packs(const AgentOptions& options, const IdentityFiles& files)
      : options_(options), files_(files) {}

  asio::awaitable<Result<void>> Fetch(std::string repository, Commit have, Commit want,
                                      std::string path, std::shared_ptr<Control> control) override {
    SLIPWAY_CO_TRY(context, MakeTlsContext(files_, options_.ca_hash, /*certificate=*/true));
    HttpsRequest request;
    request.target = "/v1/packs?repository=" + repository + "&want=" + want.value;
    request.target += have.empty() ? "" : "&have=" + have.value;
    request.sink = std::move(path);
    request.max_body_bytes = kMaxPackBytes;
    request.deadline = kPackDeadline;
    request.control = std::move(control);
    const Result<HttpsReply> reply =
        co_await SendRequest(options_.server, context, std::move(request));
    if (!reply) {
      co_return reply.error();
    }
    if (reply.value().status == 200) {
      co_return Ok();
    }
    const Result<protocol::Refusal> refusal = protocol::DecodeRefusal(reply.value().body);
    const std::string why =
        refusal ? refusal.value().message : "status " + std::to_string(reply.value().status);
    co_return Fail(Code::kUnavailable, "no content for commit " + want.value + ": " + why);
  }

 private:
  const AgentOptions& options_;
  const IdentityFiles& files_;
};

Agent::Agent(asio::io_context& io, AgentOptions options, const Clock& clock)
    : io_(io),
      options_(std::move(options)),
      clock_(clock),
      layout_{options_.root},
      identity_{layout_.Identity()},
      file_(layout_.Journal()),
      wake_(io) {}

Agent::~Agent() = default;

template <typename Task>
void Agent::Spawn(Task task) {
  asio::co_spawn(io_, std::move(task), [this](const std::exception_ptr& failure) {
    if (!failure) {
      return;
    }
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      trouble_ = std::string("internal error: ") + error.what();
      Stop();
    }
  });
}

Result<void> Agent::Start() {
  SLIPWAY_TRYV(MakeDirectories(options_.root));
  Result<Descriptor> lock = TakeLock(layout_.AgentLock());
  if (!lock && lock.error().code == Code::kAlreadyExists) {
    LogInfo("waits for the agent that uses " + options_.root + " to end");
    lock = TakeLock(layout_.AgentLock(), kLockPatience);
  }
  if (!lock && lock.error().code == Code::kAlreadyExists) {
    return Fail(Code::kAlreadyExists, options_.root + ": another agent uses this directory");
  }
  SLIPWAY_TRYV(std::move(lock));
  lock_ = std::move(lock.value());
  std::string warning;
  SLIPWAY_TRY(journal, file_.Load(warning));
  if (!warning.empty()) {
    LogWarning(warning);
  }
  journal_ = std::move(journal);
  // Later starts have greater numbers, also after the directory was lost.
  journal_.incarnation =
      std::max<std::int64_t>(journal_.incarnation + 1, clock_.Now().time_since_epoch().count());
  SLIPWAY_TRYV(file_.Save(journal_));
  for (const std::string& left : ListDirectory(layout_.Work())) {
    ::unlink((layout_.Work() + "/" + left).c_str());
  }
  addresses_ =
      options_.address.empty() ? InterfaceAddresses() : std::vector<std::string>{options_.address};
  packs_ = std::make_unique<Packs>(options_, identity_);
  Observer::Options watching;
  watching.layout = layout_;
  observer_ = std::make_unique<Observer>(io_.get_executor(), watching, clock_, [this] { Kick(); });
  ExecutorOptions acting;
  acting.layout = layout_;
  acting.program = options_.program;
  acting.content_program = options_.content_program;
  acting.address = options_.address.empty() ? "127.0.0.1" : options_.address;
  executor_ = std::make_unique<Executor>(acting, *observer_, *packs_, clock_);
  SessionOptions session{.server = options_.server,
                         .ca_hash = options_.ca_hash,
                         .files = identity_,
                         .name = options_.name,
                         .version = options_.version,
                         .incarnation = journal_.incarnation,
                         .capabilities = Capabilities()};
  Session::Listener listener;
  listener.assigned = [this](protocol::Assign assign) { Assigned(std::move(assign)); };
  listener.logs_wanted = [this](protocol::LogsRequest request) {
    Spawn(SendLogs(std::move(request)));
  };
  session_ = std::make_unique<Session>(io_.get_executor(), std::move(session), std::move(listener));
  observer_->Look(journal_);
  Kick();
  Spawn(JoinAndListen());
  Spawn(KeepCertificate());
  return Ok();
}

asio::awaitable<void> Agent::JoinAndListen() {
  bool known = true;
  int refused = 0;  // sessions in a row that ended before they began
  while (!stopped_) {
    const std::string missing = WhyNoCertificate(identity_, options_.name, options_.ca_hash);
    if (refused > 0) {
      co_await Pause(kRefusedPause + Jittered(kRefusedPause, refused, kLongestRefusedPause));
    }
    if (!missing.empty() || !known) {
      const std::string why = missing.empty() ? "the server does not know it any more" : missing;
      const Result<void> joined = co_await Join(why);
      if (!joined && !missing.empty()) {
        trouble_ = joined.error().message;
        Stop();
        co_return;
      }
      if (!joined) {
        LogWarning(joined.error().message + "; goes on with the certificate that it has");
      }
    }
    co_await session_->Run();
    known = false;
    refused = session_->welcomed() ? 0 : refused + 1;
  }
}

asio::awaitable<Result<void>> Agent::Join(std::string why) {
  if (options_.token.empty()) {
    co_return Fail(
        Code::kUnauthorized,
        "there is no usable certificate (" + why + ") and no token to ask for one: " +
            (options_.token_problem.empty() ? "give --token-file" : options_.token_problem));
  }
  LogInfo("asks for a certificate: " + why);
  ClaimOptions claim = MakeClaim();
  co_return co_await Claim(std::move(claim));
}

ClaimOptions Agent::MakeClaim() const {
  return {.server = options_.server,
          .ca_hash = options_.ca_hash,
          .name = options_.name,
          .token = options_.token,
          .version = options_.version,
          .addresses = addresses_,
          .provider_id = options_.provider_id,
          .files = identity_};
}

asio::awaitable<void> Agent::KeepCertificate() {
  while (!stopped_) {
    if (EndsWithin(identity_, kRenewBefore) &&
        WhyNoCertificate(identity_, options_.name, options_.ca_hash).empty()) {
      ClaimOptions claim = MakeClaim();
      const Result<void> renewed = co_await Renew(std::move(claim));
      if (renewed) {
        LogInfo("has the next certificate");
      } else {
        LogWarning("the certificate ends soon and was not renewed: " + renewed.error().message);
      }
    }
    co_await Pause(kRenewalLook + Jittered(kRenewalLook, 0, kRenewalLook));
  }
}

asio::awaitable<void> Agent::Pause(Duration duration) {
  asio::steady_timer timer(io_, duration);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer.async_wait(token);
}

void Agent::Stop() {
  if (stopped_) {
    return;
  }
  stopped_ = true;
  wake_.cancel();
  if (session_) {
    session_->Stop();
  }
  if (observer_) {
    observer_->Stop();
  }
  io_.stop();
}

void Agent::Kick() {
  if (!kicked_ && !stopped_) {
    kicked_ = true;
    asio::post(io_, [this] {
      kicked_ = false;
      if (!stopped_) {
        Turn();
      }
    });
  }
}

void Agent::Turn() {
  // Each round makes one more fact durable; the last one finds nothing new to write.
  constexpr int kMostRounds = 1'000;
  for (int round = 0; round < kMostRounds; ++round) {
    observer_->Refresh();
    host::HostPlan plan = host::PlanHost({.journal = journal_,
                                          .wanted = wanted_ ? &*wanted_ : nullptr,
                                          .applications = observer_->applications(),
                                          .tests = observer_->tests(),
                                          .active = active_,
                                          .finished = finished_,
                                          .now = clock_.Mono(),
                                          .failed_removals = failed_removals_});
    if (plan.journal == journal_) {
      finished_.reset();
      Act(plan);
      return;
    }
    if (!Save(plan.journal)) {
      WakeAfter(kJournalRetry);
      return;
    }
    finished_.reset();
    journal_ = std::move(plan.journal);
    observer_->Look(journal_);
  }
  LogWarning("the planner does not come to rest; it is asked again later");
  WakeAfter(kJournalRetry);
}

bool Agent::Save(const host::Journal& journal) {
  const Result<void> saved = file_.Save(journal);
  if (!saved) {
    LogWarning("nothing is done until the journal can be written: " + saved.error().message);
  }
  return saved.has_value();
}

void Agent::Act(host::HostPlan& plan) {
  if (plan.refused != refused_) {
    refused_ = plan.refused;
    LogWarning(refused_.empty() ? "assignments are accepted again" : "refused: " + refused_);
  }
  if (plan.cancel) {
    executor_->Cancel();
  }
  for (host::Upkeep& upkeep : plan.upkeep) {
    const std::string key = upkeep.application + "/" + upkeep.process;
    if (std::ranges::find(starting_, key) == starting_.end()) {
      starting_.push_back(key);
      Spawn(StartAgain(std::move(upkeep)));
    }
  }
  if (plan.action) {
    Begin(std::move(*plan.action));
  }
  Report(plan);
  WakeAfter(plan.wake_after);
}

void Agent::Report(host::HostPlan& plan) {
  if (!plan.report_ready) {
    return;
  }
  protocol::Report report;
  report.addresses = addresses_;
  report.epoch = journal_.epoch;
  report.refused = plan.refused;
  report.releases = std::move(plan.releases);
  for (host::TestReport& test : plan.tests) {
    report.test_runs.push_back(
        {.name = test.name, .uid = test.uid, .status = std::move(test.status)});
  }
  session_->SetReport(std::move(report));
}

void Agent::WakeAfter(std::optional<Duration> delay) {
  wake_.cancel();
  if (delay && !stopped_) {
    wake_.expires_after(*delay);
    wake_.async_wait([this](boost::system::error_code failed) {
      if (!failed) {
        Kick();
      }
    });
  }
}

void Agent::Begin(host::Action action) {
  active_ = action.id;
  Tell(action.id, nullptr, Duration{0});
  Spawn(Do(std::move(action)));
}

asio::awaitable<void> Agent::Do(host::Action action) {
  const host::ActionId id = action.id;
  const MonoTime began = clock_.Mono();
  host::Finished finished = co_await executor_->Run(std::move(action));
  Tell(id, &finished, clock_.Mono() - began);
  if (id.remove && finished.outcome != host::Outcome::kSucceeded) {
    LogWarning((id.test_run.empty() ? id.application : id.test_run) +
               ": what is no longer needed was not deleted: " + finished.message);
    failed_removals_[id.application] = clock_.Mono();
  }
  if (!stopped_) {
    observer_->Look(journal_);
    active_.reset();
    finished_ = std::move(finished);
    Kick();
  }
}

asio::awaitable<void> Agent::StartAgain(host::Upkeep upkeep) {
  const std::string key = upkeep.application + "/" + upkeep.process;
  LogInfo("starts " + key + " again");
  const Result<void> started = co_await executor_->StartAgain(std::move(upkeep));
  if (started) {
    failed_starts_.erase(key);
  } else {
    LogWarning(key + " was not started: " + started.error().message);
    co_await Pause(StartPause(failed_starts_[key]++));
  }
  std::erase(starting_, key);
  if (!stopped_) {
    observer_->Look(journal_);
    Kick();
  }
}

void Agent::Assigned(protocol::Assign assign) {
  host::Wanted wanted;
  wanted.epoch = std::move(assign.epoch);
  for (protocol::ReleaseAssignment& release : assign.releases) {
    wanted.releases.push_back(FromWire(std::move(release)));
  }
  for (protocol::TestAssignment& test : assign.test_runs) {
    wanted.tests.push_back(FromWire(std::move(test)));
  }
  // An older one must not hide a newer one that is already being worked on.
  if (wanted_ && wanted.epoch < wanted_->epoch) {
    LogWarning("an assignment that is older than the one before is refused");
    return;
  }
  wanted_ = std::move(wanted);
  Kick();
}

void Agent::Tell(const host::ActionId& id, const host::Finished* finished, Duration elapsed) {
  if (id.remove) {
    return;
  }
  protocol::StepEvent event;
  event.application = id.application;
  event.test_run = id.test_run;
  event.rollout = id.rollout;
  event.attempt = id.number;
  event.step = ToString(id.step);
  std::string line = (id.test_run.empty() ? id.application : id.test_run) + ": " + event.step;
  if (finished == nullptr) {
    LogInfo(line);
  } else {
    event.ended = true;
    event.result = api::ToString(finished->outcome);
    event.elapsed = elapsed;
    event.message = finished->message;
    event.output = executor_->output();
    line += " " + event.result + (event.message.empty() ? "" : ": " + event.message);
    finished->outcome == host::Outcome::kSucceeded ? LogInfo(line) : LogWarning(line);
  }
  session_->Emit(std::move(event));
}

asio::awaitable<void> Agent::SendLogs(protocol::LogsRequest request) {
  const std::string safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  if (request.request_id.empty() ||
      request.request_id.find_first_not_of(safe) != std::string::npos) {
    co_return;
  }
  const Result<std::string> text = ReadLogs(layout_, options_.name, request);
  Result<TlsContext> context = MakeTlsContext(identity_, options_.ca_hash, /*certificate=*/true);
  if (!context) {
    co_return;
  }
  HttpsRequest post;
  post.method = "POST";
  post.target = "/v1/logs/" + request.request_id;
  post.content_type = text ? "text/plain; charset=utf-8" : "application/json";
  post.body = text ? text.value()
                   : protocol::Encode(
                         protocol::Refusal{.reason = "NotFound", .message = text.error().message});
  const Result<HttpsReply> reply =
      co_await SendRequest(options_.server, context.value(), std::move(post));
  if (!reply) {
    LogWarning("a log could not be sent: " + reply.error().message);
  }
}

}  // namespace slipway::agent
