#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "reconciler/base/clock.hpp"
#include "src/agent/protocol.hpp"
#include "src/gateway/catalog.hpp"
#include "src/gateway/liveness.hpp"
#include "src/gateway/reports.hpp"
#include "src/gateway/speaker.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::gateway {

struct AgentsOptions {
  std::string incarnation;   ///< of the store: the first part of every epoch
  Duration grace{15'000};    ///< a server that is silent for longer is lost
  Duration silence{15'000};  ///< after which a dead connection is noticed
};

/// The gateway without its sockets: which connection speaks for which server, whom to believe, what each agent is told. One
/// thread; does nothing by itself but what Tick() and the other calls start.
class Agents {
 public:
  using Connection = std::shared_ptr<Speaker>;

  /// Both outlive it.
  Agents(kube::ObjectClient& client, const Clock& clock, AgentsOptions options);

  /// Starts to watch the objects.
  void Start() { catalog_.Start(client_); }

  /// Whether agents may be talked to: all objects were read once.
  bool complete() const { return catalog_.complete(); }

  /// Whether it is durable of every server that nobody knows yet whether it is there.
  bool settled() const;

  const Catalog& catalog() const { return catalog_; }

  /// Whether the claim under which an agent with this key joined is there: its certificate is good for as long.
  bool IsClaimed(const std::string& server, const std::string& key_hash) const;

  /// An agent has said hello as "namespace/name". It is given its place: it speaks for its server, or it waits beside another
  /// that does, or it is closed.
  void Seat(const std::string& server, const std::string& key_hash, const protocol::Hello& hello,
            const Connection& connection);

  /// Whatever comes from a connection that speaks for its server counts; the rest is dropped.
  void Hear(const std::string& server, const Connection& connection,
            protocol::AgentMessage message);

  /// A connection has ended; `silent`: because nothing came for so long; 0: for another reason.
  void Leave(const std::string& server, const Connection& connection, Duration silent);

  /// Who speaks for a server; nullptr: nobody.
  Speaker* SpeakerOf(const std::string& server) const;

  /// Looks at everybody; to be called once a second. Then calls Follow().
  void Tick();

  /// Takes in some of what changed of the objects: who exists, what is wanted of whom, whose claim was withdrawn. True: there is
  /// more, and it should be called again soon.
  bool Follow();

  void CloseAll(protocol::CloseCode code, const std::string& reason);

 private:
  /// Speaks for its server.
  struct Seated {
    Connection connection;
    std::string key_hash;
    std::int64_t incarnation = 0;
  };

  /// Came while another one was there.
  struct Waiting {
    Connection connection;
    std::string key_hash;
    MonoTime since;
  };

  void Judge(const std::string& server);
  void Conflict(const std::string& server);
  void SettleDoubles();
  void Dismiss(const std::string& server);
  void CloseUnclaimed(const std::string& server);
  void SendAssignment(const std::string& server);
  void Acknowledge(const std::string& server, std::int64_t incarnation, std::int64_t sequence);

  kube::ObjectClient& client_;
  const Clock& clock_;
  const AgentsOptions options_;
  Catalog catalog_;
  Liveness liveness_;
  Reports reports_;
  std::map<std::string, Seated> seated_;
  std::map<std::string, Waiting> waiting_;
};

}  // namespace slipway::gateway
