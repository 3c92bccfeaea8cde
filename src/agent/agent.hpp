#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "reconciler/host/planner.hpp"
#include "src/agent/claim.hpp"
#include "src/agent/executor.hpp"
#include "src/agent/journal_file.hpp"
#include "src/agent/observer.hpp"
#include "src/agent/protocol.hpp"
#include "src/agent/session.hpp"

namespace slipway::agent {

/// How an agent runs, as its command line says.
struct AgentOptions {
  ServerUrl server;
  std::string ca_hash;        ///< 64 hexadecimal digits
  std::string token;          ///< empty: only an agent that has its certificate can start
  std::string token_problem;  ///< why there is no token although one was named
  std::string name;
  std::string provider_id;  ///< which machine this is, by its provider; empty: nobody was asked
  std::string root;         ///< absolute
  std::string address;      ///< empty: 127.0.0.1 for checks, the interfaces' addresses for reports
  std::string program;      ///< absolute path of slipway-agent
  std::string content_program;
  std::string version;
};

/// The agent: asks the planner what to do, does it, and tells the control plane. Everything happens
/// on the one thread that runs `io`.
class Agent {
 public:
  Agent(boost::asio::io_context& io, AgentOptions options, const Clock& clock);
  ~Agent();

  /// Reads the journal and begins. kAlreadyExists where another agent uses this directory and
  /// does not end within seconds; other errors say which file is in the way.
  Result<void> Start();

  /// Ends sessions and checks and stops the io_context; the application goes on.
  void Stop();

  /// Why it stopped by itself; empty where it did not.
  const std::string& trouble() const { return trouble_; }

 private:
  class Packs;

  boost::asio::awaitable<void> JoinAndListen();
  boost::asio::awaitable<Result<void>> Join(std::string why);
  boost::asio::awaitable<void> KeepCertificate();
  ClaimOptions MakeClaim() const;
  boost::asio::awaitable<void> Pause(Duration duration);
  void Kick();
  void Turn();
  bool Save(const host::Journal& journal);
  void Act(host::HostPlan& plan);
  void Report(host::HostPlan& plan);
  void WakeAfter(std::optional<Duration> delay);
  void Begin(host::Action action);
  boost::asio::awaitable<void> Do(host::Action action);
  boost::asio::awaitable<void> StartAgain(host::Upkeep upkeep);
  boost::asio::awaitable<void> SendLogs(protocol::LogsRequest request);
  void Assigned(protocol::Assign assign);
  void Tell(const host::ActionId& id, const host::Finished* finished, Duration elapsed);
  template <typename Task>
  void Spawn(Task task);

  boost::asio::io_context& io_;
  AgentOptions options_;
  const Clock& clock_;
  Layout layout_;
  IdentityFiles identity_;
  Descriptor lock_;
  JournalFile file_;
  host::Journal journal_;
  std::vector<std::string> addresses_;
  std::unique_ptr<Packs> packs_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Session> session_;
  std::optional<host::Wanted> wanted_;
  std::optional<host::ActionId> active_;
  std::optional<host::Finished> finished_;
  std::map<std::string, MonoTime> failed_removals_;
  std::vector<std::string> starting_;         ///< application/process that upkeep is starting
  std::map<std::string, int> failed_starts_;  ///< in a row, by application/process
  boost::asio::steady_timer wake_;
  std::string refused_;
  std::string trouble_;
  bool kicked_ = false;
  bool stopped_ = false;
};

}  // namespace slipway::agent
