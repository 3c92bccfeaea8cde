#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/agent/protocol.hpp"

namespace slipway::agent::test {

/// A control plane that does what the test says: lets one agent in, assigns, hands out packs of one
/// repository, and remembers what it is told. Real TLS and WebSockets on loopback. All of it is
/// thread-safe.
class FakeGateway {
 public:
  /// `repository`: a git repository from which packs are made.
  explicit FakeGateway(const std::string& repository);
  ~FakeGateway();

  std::string Url() const;
  std::string CaHash() const;  ///< with its "sha256:"

  static constexpr const char* kToken = "abc.def";

  /// Sent to the session that is live and to those that come. A newer generation each time.
  void Assign(std::vector<protocol::ReleaseAssignment> releases,
              std::vector<protocol::TestAssignment> tests = {});

  /// Sends an assignment as it is.
  void AssignAs(protocol::Assign assign);
  void Ask(protocol::LogsRequest request);

  /// Breaks the live session.
  void Drop();

  /// The next one that comes is told to wait once, with this reason.
  void RefuseOnce(const std::string& reason);

  /// Nobody is let in, whatever the certificate, until false is said.
  void RefuseSessions(bool refuse);
  void LifetimeOfCertificates(Duration lifetime);  ///< that are given from now on
  int Claims() const;                              ///< how many certificates were given

  /// Certificates that were given until now are refused.
  void ForgetAgents();

  void AcknowledgeReports(bool acknowledge);
  /// Requests for packs wait until false is said.
  void HoldPacks(bool hold);
  int HeldPacks() const;  ///< how many came since they are held

  /// Whether a session is live: false once its connection has ended.
  bool HasSession() const;

  std::optional<protocol::Report> LastReport() const;
  std::vector<protocol::Report> Reports() const;
  std::vector<protocol::StepEvent> Steps() const;
  std::vector<protocol::Hello> Hellos() const;
  std::vector<std::string> PackRequests() const;  ///< "have want" of each
  std::optional<std::string> Log(const std::string& request_id) const;

  /// Waits until the newest report is so; false after half a minute.
  bool Reported(const std::function<bool(const protocol::Report&)>& is) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::agent::test
