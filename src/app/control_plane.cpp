#include "src/app/control_plane.hpp"

#include <spdlog/spdlog.h>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>

#include "reconciler/api/conditions.hpp"
#include "reconciler/base/guarded.hpp"
#include "src/apiserver/pki/pki.hpp"
#include "src/apiserver/registry/housekeeping.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/apiserver/server.hpp"
#include "src/app/cloud_effects.hpp"
#include "src/app/controllers.hpp"
#include "src/app/data_folder.hpp"
#include "src/app/git_effects.hpp"
#include "src/app/mirror_sweep.hpp"
#include "src/app/registry_client.hpp"
#include "src/cloud/open_clouds.hpp"
#include "src/garbage/collector.hpp"
#include "src/gateway/gateway.hpp"
#include "src/gateway/liveness.hpp"
#include "src/git/content.hpp"
#include "src/git/mirror.hpp"
#include "src/metrics/metrics.hpp"
#include "src/process/environment.hpp"
#include "src/process/file_watch.hpp"
#include "src/process/process_runner.hpp"
#include "src/process/system_clock.hpp"
#include "src/store/sqlite_store.hpp"

namespace slipway::app {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kLookupThreads = 4;
constexpr std::size_t kPackThreads = 4;
constexpr std::size_t kPollThreads = 16;           ///< each waits for a child process
constexpr std::size_t kListThreads = 8;            ///< each waits for a provider
constexpr std::size_t kMostOutside = 1'024;        ///< what waits for a thread costs little
constexpr std::size_t kMaxComplaintBytes = 2'000;  ///< of a program, in the log
constexpr std::size_t kApiConnections = 8'192;
constexpr std::size_t kApiConnectionsOfUsers = 7'168;  ///< the others are for administrators
constexpr std::size_t kApiConnectionsOfAUser = 2'048;
constexpr std::size_t kAgentConnections = 16'384;
constexpr std::size_t kConnectionsOfAnAgent = 16;  ///< its session, and packs and logs beside it

std::uint64_t RandomSeed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

/// A bounded number of threads for what blocks, and a count of what they have not finished.
class Pool {
 public:
  explicit Pool(std::size_t threads) : threads_(threads) {}

  /// Where `work` throws, that is said, and the others go on.
  void Run(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      ++pending_;
    }
    asio::post(threads_, [this, work = std::move(work)] {
      const auto done = Guarded([&]() -> Result<void> {
        work();
        return Ok();
      });
      if (!done.has_value()) {
        spdlog::error("a fault of the server, on a thread of a pool: {}", done.error().message);
      }
      const std::lock_guard lock(mutex_);
      --pending_;
      idle_.notify_all();
    });
  }

  bool WaitUntilIdle(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    return idle_.wait_until(lock, until, [this] { return pending_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t pending_ = 0;
  asio::thread_pool threads_;
};

/// Certificates that were put to use; Pki says which ones should be.
struct CertificatesInUse {
  std::string api;     ///< the chain that its listener shows
  std::string agents;  ///< likewise
  std::string admin;   ///< in the kubeconfig
};

}  // namespace

/// In the order in which the parts need each other; destroyed in the opposite one.
struct ControlPlane::State {
  explicit State(asio::io_context& loop) : io(loop) {}

  Result<void> OpenData(const ServerOptions& options);
  Result<void> MakeServices(const ServerOptions& options);
  http::ListenerOptions ListenerFor(const ListenAddress& address, std::size_t connections) const;
  Result<void> OpenAuditLog(const ServerOptions& options);
  void MakeHousekeeping();
  void MakeMetrics();
  void WatchServerLists(const std::vector<std::string>& paths);
  void RenewCertificates();

  asio::io_context& io;
  process::SystemClock clock;
  metrics::Metrics metrics;
  process::PosixProcessRunner runner;
  std::unique_ptr<store::SqliteStore> store;
  std::optional<apiserver::Pki> pki;
  CertificatesInUse in_use;
  std::unique_ptr<git::MirrorSet> mirrors;
  std::unique_ptr<git::PackCache> packs;
  // One each, so that neither remotes that hang nor packs that take long keep a lookup waiting.
  Pool lookups{kLookupThreads};
  Pool polls{kPollThreads};
  Pool pack_builds{kPackThreads};
  Pool listings{kListThreads};
  std::unique_ptr<apiserver::Registry> registry;
  std::unique_ptr<RegistryClient> client;
  std::unique_ptr<GitEffects> git;
  std::unique_ptr<cloud::CloudApi> cloud;
  std::unique_ptr<CloudEffects> listing;
  std::unique_ptr<MirrorSweep> sweep;
  std::unique_ptr<gateway::Gateway> gateway;
  std::unique_ptr<apiserver::AuditLog> audit;
  std::unique_ptr<apiserver::Server> api;
  std::unique_ptr<apiserver::Housekeeping> housekeeping;
  std::unique_ptr<garbage::Collector> garbage;
  std::unique_ptr<Controllers> controllers;
  std::unique_ptr<process::FileWatch> server_lists;
  std::function<void(const Addresses&)> ready;
  std::function<void(const Error&)> failed;
};

ControlPlane::ControlPlane(asio::io_context& io) : state_(std::make_unique<State>(io)) {}
ControlPlane::~ControlPlane() = default;

Result<void> ControlPlane::State::OpenData(const ServerOptions& options) {
  SLIPWAY_TRYV(MakeDataFolder(options.data_dir));
  // A server that can write nothing any more is worse than none: whoever looks after it starts it again, and that reads
  // the file afresh.
  const auto broken = [this](const Error& error) {
    asio::post(io, [this, error] { failed(error); });
  };
  SLIPWAY_TRY(opened, store::SqliteStore::Open({.path = options.data_dir + "/slipway.db",
                                                .clock = &clock,
                                                .history = options.history,
                                                .on_broken = broken}));
  store = std::move(opened);
  SLIPWAY_TRY(api_address, ParseListenAddress(options.listen));
  SLIPWAY_TRY(agent_address, ParseListenAddress(options.agent_listen));
  std::vector<std::string> names = options.names;
  for (const std::string& address : {api_address.address, agent_address.address}) {
    if (address != "0.0.0.0" && address != "::") {
      names.push_back(address);
    }
  }
  SLIPWAY_TRY(
      made, apiserver::Pki::Open({.data_dir = options.data_dir, .addresses = names}, clock.Now()));
  pki.emplace(std::move(made));
  in_use = {
      .api = pki->server_chain_pem(), .agents = pki->server_chain_pem(), .admin = pki->admin_pem()};
  return Ok();
}

http::ListenerOptions ControlPlane::State::ListenerFor(const ListenAddress& address,
                                                       std::size_t connections) const {
  http::ListenerOptions options{.address = address.address, .port = address.port};
  options.identity = {
      .chain = pki->server_chain_pem(), .key = pki->server_key_pem(), .client_ca = pki->ca_pem()};
  options.limits.connections = connections;
  options.on_fault = [port = address.port](const std::string& path, const std::string& what) {
    spdlog::error("port {}: {}: a fault of the server: {}", port, path, what);
  };
  return options;
}

Result<void> ControlPlane::State::MakeServices(const ServerOptions& options) {
  SLIPWAY_TRY(api_address, ParseListenAddress(options.listen));
  SLIPWAY_TRY(agent_address, ParseListenAddress(options.agent_listen));
  const auto on = [](Pool& pool) {
    return [&pool](std::function<void()> work) { pool.Run(std::move(work)); };
  };
  const auto post = [this](std::function<void()> work) { asio::post(io, std::move(work)); };
  mirrors = std::make_unique<git::MirrorSet>(
      git::MirrorOptions{.directory = options.data_dir + "/mirrors",
                         .worker_argv = {"/proc/self/exe", "git-worker"},
                         .allow_file = options.allow_file_urls},
      runner);
  packs = std::make_unique<git::PackCache>(
      git::PackCacheOptions{.directory = options.data_dir + "/packs"}, *mirrors, runner);
  registry = std::make_unique<apiserver::Registry>(*store, clock, post, RandomSeed());
  client = std::make_unique<RegistryClient>(io, *registry);
  git = std::make_unique<GitEffects>(*client, *mirrors, io, on(lookups), on(polls));
  cloud = cloud::OpenClouds(
      {.allowed_programs = {options.allowed_inventories.begin(), options.allowed_inventories.end()},
       .allowed_files = {options.allowed_server_lists.begin(), options.allowed_server_lists.end()},
       .on_complaint =
           [](const std::string& program, const std::string& text) {
             spdlog::warn("listing: {} says: {}", program,
                          api::Shortened(text, kMaxComplaintBytes));
           },
       .environment = process::OwnEnvironment(),
       .seed = RandomSeed()},
      runner, clock);
  listing = std::make_unique<CloudEffects>(*client, *cloud, clock, metrics, io, on(listings));
  sweep = std::make_unique<MirrorSweep>(*client, *mirrors, *packs, on(polls));
  http::ListenerOptions agents = ListenerFor(agent_address, kAgentConnections);
  agents.limits.per_identity = kConnectionsOfAnAgent;
  gateway = std::make_unique<gateway::Gateway>(
      io, *client, *packs, *pki, clock,
      gateway::GatewayOptions{.listener = std::move(agents),
                              .incarnation = registry->incarnation().value,
                              .heartbeat_interval = options.agent_grace / 3,
                              .grace = options.agent_grace,
                              .run_on_pool = on(pack_builds)});
  SLIPWAY_TRYV(OpenAuditLog(options));
  http::ListenerOptions clients = ListenerFor(api_address, kApiConnections);
  clients.limits.per_user = kApiConnectionsOfAUser;
  clients.limits.of_users = kApiConnectionsOfUsers;
  api = std::make_unique<apiserver::Server>(
      io, *registry, metrics, clock, gateway.get(),
      apiserver::Server::Options{
          .listener = std::move(clients),
          .on_turned_away = [](const std::string& what) { spdlog::warn("api: {}", what); },
          .audit = audit.get()});
  MakeHousekeeping();
  controllers = std::make_unique<Controllers>(
      io, *client, *git, *listing, clock, metrics,
      Controllers::Options{.engine = {.max_outside_in_flight = kMostOutside, .seed = RandomSeed()},
                           .planners = options.controllers,
                           .first_grace = gateway::FirstGrace(options.agent_grace)});
  WatchServerLists(options.allowed_server_lists);
  MakeMetrics();
  return Ok();
}

/// What goes on in the background, whatever the kinds mean.
void ControlPlane::State::MakeHousekeeping() {
  housekeeping = std::make_unique<apiserver::Housekeeping>(
      io, *registry, clock,
      apiserver::Housekeeping::Options{.look_at_certificates = [this] { RenewCertificates(); },
                                       .on_fault =
                                           [](const std::string& what) {
                                             spdlog::error(
                                                 "housekeeping: a fault of the server: {}", what);
                                           }});
  garbage = std::make_unique<garbage::Collector>(
      io, *registry, garbage::Collector::Options{.on_trouble = [](const std::string& what) {
        spdlog::warn("garbage: {}", what);
      }});
}

Result<void> ControlPlane::State::OpenAuditLog(const ServerOptions& options) {
  if (options.audit_log.empty()) {
    return Ok();
  }
  SLIPWAY_TRY(opened, apiserver::AuditLog::Open(
                          {.path = options.audit_log,
                           .max_bytes = options.audit_log_max_size,
                           .max_backups = options.audit_log_max_backups,
                           .on_trouble =
                               [](const std::string& what) {
                                 spdlog::error(
                                     "audit log: {}; what comes meanwhile waits in memory", what);
                               },
                           .on_recovery = [] { spdlog::info("audit log: is written again"); }}));
  audit = std::move(opened);
  auto written =
      metrics.MakeCounter("slipway_audit_events_total", "Events that the audit log holds.");
  auto lost = metrics.MakeCounter("slipway_audit_events_lost_total",
                                  "Events that the audit log could not take: it is not complete.");
  auto failing = metrics.MakeGauge("slipway_audit_log_failing",
                                   "1 while the audit log cannot be written, else 0.");
  metrics.OnCollect([this, written, lost, failing]() mutable {
    const apiserver::AuditLog::Counts counts = audit->counts();
    written.RaiseTo(static_cast<double>(counts.written));
    lost.RaiseTo(static_cast<double>(counts.lost));
    failing.Set(counts.failing ? 1 : 0);
  });
  return Ok();
}

/// A Fleet whose file has changed asks again now, and not only after its interval.
void ControlPlane::State::WatchServerLists(const std::vector<std::string>& paths) {
  if (paths.empty()) {
    return;
  }
  server_lists = std::make_unique<process::FileWatch>(
      paths,
      [outdated = controllers->OutdatedFromElsewhere()](const std::string& path) {
        spdlog::debug("listing: {} has changed", path);
        outdated(runtime::ListServers{.provider = {.static_ = api::StaticProvider{.file = path}}});
      },
      [](const std::string& why) {
        spdlog::warn(
            "listing: {}; changes of a list there are seen after the interval of its Fleet only",
            why);
      },
      process::FileWatch::Options());
}

/// What cannot be renewed or put to use now can be at the next look: there are months for it.
void ControlPlane::State::RenewCertificates() {
  const auto renewed = pki->Renew(clock.Now());
  if (!renewed.has_value()) {
    spdlog::warn("certificates cannot be renewed: {}", renewed.error().message);
  }
  const auto use = [](const std::string& wanted, std::string& used, const auto& put) {
    const Result<void> done = wanted == used ? Ok() : put();
    if (done.has_value()) {
      used = wanted;
    } else {
      spdlog::warn("a renewed certificate is not in use yet: {}", done.error().message);
    }
  };
  const http::TlsIdentity identity{
      .chain = pki->server_chain_pem(), .key = pki->server_key_pem(), .client_ca = pki->ca_pem()};
  use(identity.chain, in_use.api, [&] { return api->ReplaceIdentity(identity); });
  use(identity.chain, in_use.agents, [&] { return gateway->ReplaceIdentity(identity); });
  use(pki->admin_pem(), in_use.admin,
      [&] { return pki->WriteAdminKubeconfig(api->endpoint().LocalUrl()); });
}

void ControlPlane::State::MakeMetrics() {
  auto plans = metrics.MakeCounter("slipway_engine_plans_total", "Plans made.");
  auto quarantined = metrics.MakeGauge("slipway_engine_quarantined",
                                       "Objects whose planner failed and that wait for a change.");
  auto depth = metrics.MakeGauge("slipway_engine_queue_depth", "Objects that wait to be planned.");
  auto conflicts = metrics.MakeCounter("slipway_engine_conflicts_total",
                                       "Writes refused because something had changed.");
  auto errors = metrics.MakeCounter("slipway_engine_write_errors_total",
                                    "Writes that failed or whose outcome is unknown.");
  auto collected = metrics.MakeCounter("slipway_garbage_collected_total",
                                       "Objects that were deleted because their owners are gone.");
  metrics.OnCollect([this, plans, quarantined, depth, conflicts, errors, collected]() mutable {
    const runtime::EngineStats stats = controllers->stats();
    collected.RaiseTo(static_cast<double>(garbage->collected()));
    plans.RaiseTo(static_cast<double>(stats.plans));
    quarantined.Set(static_cast<double>(stats.quarantined));
    depth.Set(static_cast<double>(stats.queue_depth));
    conflicts.RaiseTo(static_cast<double>(stats.conflicts));
    errors.RaiseTo(static_cast<double>(stats.write_errors));
  });
}

Result<void> ControlPlane::Start(const ServerOptions& options,
                                 std::function<void(const Addresses&)> ready,
                                 std::function<void(const Error&)> failed) {
  State& state = *state_;
  state.ready = std::move(ready);
  state.failed = std::move(failed);
  SLIPWAY_TRYV(state.OpenData(options));
  SLIPWAY_TRYV(state.MakeServices(options));
  SLIPWAY_TRYV(state.api->Open());
  const std::string url = state.api->endpoint().LocalUrl();
  SLIPWAY_TRYV(state.pki->WriteAdminKubeconfig(url));
  const std::string kubeconfig = options.data_dir + "/admin.kubeconfig";
  state.registry->Start([this, url, kubeconfig](const Result<void>& begun) {
    if (!begun.has_value()) {
      return state_->failed(begun.error());
    }
    state_->housekeeping->Start();
    state_->sweep->Start();
    const auto listening = state_->gateway->Start([this, url, kubeconfig] {
      // Only now is it known which servers nobody has heard of since the start: before, a plan could take too many.
      state_->controllers->Start();
      state_->garbage->Start();
      state_->api->SetReady(true);
      state_->ready({.api = url,
                     .agents = state_->gateway->endpoint().LocalUrl(),
                     .ca_hash = state_->pki->ca_hash(),
                     .kubeconfig = kubeconfig});
    });
    if (!listening.has_value()) {
      state_->failed(listening.error());
    }
  });
  return Ok();
}

void ControlPlane::Stop(std::function<void()> done) {
  State& state = *state_;
  if (state.controllers == nullptr) {
    return asio::post(state.io, std::move(done));
  }
  state.api->SetReady(false);
  state.server_lists.reset();
  state.controllers->Stop();
  state.sweep->Stop();
  state.cloud->Stop();
  const auto left = std::make_shared<int>(4);
  const auto finish = [left, done = std::move(done)] {
    if (--*left == 0) {
      done();
    }
  };
  state.housekeeping->Stop(finish);
  state.garbage->Stop(finish);
  state.gateway->Stop(finish);
  state.api->Stop(finish);
}

bool ControlPlane::Drain(Duration patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  return state_->lookups.WaitUntilIdle(until) && state_->polls.WaitUntilIdle(until) &&
         state_->pack_builds.WaitUntilIdle(until) && state_->listings.WaitUntilIdle(until);
}

}  // namespace slipway::app
