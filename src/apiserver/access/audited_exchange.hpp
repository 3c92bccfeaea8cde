#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/rng.hpp"
#include "src/apiserver/access/audit_log.hpp"
#include "src/apiserver/access/authorizer.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// A request that knows what it is, puts an `Audit-Id` into its answer, and leaves an event of
/// audit.k8s.io/v1 in the log, where it changes something, reads secrets, or is refused. An event holds
/// neither bodies nor messages, for these may show what a Secret holds, and of a query only what is
/// known to be none. On the io thread.
class AuditedExchange final : public http::Exchange {
 public:
  /// `log` nullptr: there is none. `clock` and `log` outlive it.
  AuditedExchange(std::shared_ptr<http::Exchange> inner, AuditLog* log, const Clock& clock,
                  Rng& rng);
  ~AuditedExchange() override;  ///< one that was never answered is in the log too

  void Wants(const Attributes& attributes) { attributes_ = attributes; }
  void IsBy(const User& user) { user_ = user; }
  void Decided(const Decision& decision) { decision_ = decision; }
  /// Asked once the body is there, which may be long after the head: false refuses the request, as kUnauthorized.
  void StillWelcome(std::function<bool()> welcome) { welcome_ = std::move(welcome); }

  const http::RequestHead& head() const override { return inner_->head(); }
  const http::Peer& peer() const override { return inner_->peer(); }
  bool MarkAuthenticated(const std::string& user) override {
    return inner_->MarkAuthenticated(user);
  }
  boost::asio::awaitable<Result<std::string>> ReadBody(std::size_t limit) override;
  boost::asio::awaitable<Result<void>> Respond(http::Response response) override;
  boost::asio::awaitable<Result<void>> BeginStream(http::Response response) override;
  boost::asio::awaitable<Result<void>> Write(std::string chunk) override {
    return inner_->Write(std::move(chunk));
  }
  boost::asio::awaitable<Result<void>> Write(http::Chunk chunk) override {
    return inner_->Write(std::move(chunk));
  }
  boost::asio::awaitable<Result<void>> EndStream() override { return inner_->EndStream(); }
  void OnEnd(std::function<void()> ended) override { inner_->OnEnd(std::move(ended)); }
  boost::asio::awaitable<Result<std::shared_ptr<http::WebSocket>>> Upgrade(
      http::WebSocketOptions options) override {
    return inner_->Upgrade(std::move(options));
  }

 private:
  void Log(const http::Response& response, const char* stage);

  std::shared_ptr<http::Exchange> inner_;
  AuditLog* log_;
  const Clock& clock_;
  Time received_;
  std::chrono::steady_clock::time_point begin_;
  std::string id_;
  std::optional<Attributes> attributes_;
  std::optional<User> user_;
  std::optional<Decision> decision_;
  std::function<bool()> welcome_;
  bool dry_run_ = false;
  bool logged_ = false;
};

}  // namespace slipway::apiserver
