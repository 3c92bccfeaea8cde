#pragma once

#include "tests/src/http/io_thread.hpp"  // first: Asio needs what it includes before it

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "src/apiserver/log_source.hpp"
#include "src/apiserver/registry/housekeeping.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/apiserver/server.hpp"
#include "src/metrics/metrics.hpp"
#include "src/store/sqlite_store.hpp"
#include "tests/src/http/test_pki.hpp"
#include "tests/src/http/tls_client.hpp"

namespace slipway::apiserver {

inline constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
inline constexpr const char* kJson = "Content-Type: application/json\r\n";
inline constexpr const char* kMerge = "Content-Type: application/merge-patch+json\r\n";

/// The machine's clock, and as far ahead of it as a test wants. Thread-safe.
class SystemClock : public Clock {
 public:
  Time Now() const override {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now()) + ahead.load();
  }
  MonoTime Mono() const override {
    return {std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
  }

  std::atomic<Duration> ahead{Duration(0)};
};

/// Answers what a test told it to.
class FakeLogs : public LogSource {
 public:
  void FetchLogs(LogRequest request, std::function<void(Result<std::string>)> done) override {
    asked = std::move(request);
    done(answer);
  }

  LogRequest asked;
  Result<std::string> answer = std::string("a line\n");
};

/// A whole API server over a store on the disk.
class ApiWorld {
 public:
  struct Options {
    AuditLog* audit = nullptr;
    http::Limits limits{};
    TrafficBounds bounds{};
    std::function<void(const std::string& what)> on_turned_away{};
    Duration bookmark_interval = std::chrono::minutes(1);
    Duration housekeeping_interval = std::chrono::milliseconds(20);
    std::function<void()> look_at_certificates{};
    std::function<void(const std::string& what)> on_fault{};  ///< of housekeeping
  };

  ApiWorld();
  explicit ApiWorld(Options options);
  ~ApiWorld();

  void Stop();

  /// Ends everything and begins anew with what is on the disk, as another process would.
  void Restart();

  http::TlsClient Admin() { return http::TlsClient(port, pki.Admin()); }
  http::TlsClient Stranger() { return http::TlsClient(port, pki.Anonymous()); }

  http::TestPki pki;
  SystemClock clock;
  std::unique_ptr<store::SqliteStore> store;
  http::IoThread io;
  FakeLogs logs;
  metrics::Metrics metrics;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<Server> server;
  std::unique_ptr<Housekeeping> housekeeping;
  std::uint16_t port = 0;

 private:
  void Start();
  void End();

  Options options_;
};

/// One watch, read line by line.
class WatchReader {
 public:
  /// `query`: without the `watch=1`.
  WatchReader(ApiWorld& world, const std::string& path, const std::string& query,
              const std::string& headers = "");

  /// The next event; null once the stream has ended.
  nlohmann::json Next();

  /// The next events as `ADDED name`.
  std::vector<std::string> Take(std::size_t count);

  int status() const { return status_; }

 private:
  std::unique_ptr<http::TlsClient> client_;
  std::deque<std::string> lines_;
  std::string rest_;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace slipway::apiserver
