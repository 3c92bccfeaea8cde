#pragma once

#include <functional>
#include <memory>
#include <string>

#include "src/agent/protocol.hpp"
#include "src/gateway/speaker.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/loop.hpp"

namespace slipway::sim {

/// One session between an agent and a gateway. Each way keeps its order, as a WebSocket does; a broken one carries nothing, and
/// both ends notice at their own time.
class Link final : public gateway::Speaker, public std::enable_shared_from_this<Link> {
 public:
  Link(Loop& loop, Rng& rng, const Faults& faults);

  // What the two ends do with what comes. Set by them; emptied by an end that has gone.
  std::function<void(const protocol::Report&)> on_report;
  std::function<void()> on_gateway_close;  ///< the gateway learns that it is over
  std::function<void(const protocol::Assign&)> on_assign;
  std::function<void(const protocol::Ack&)> on_ack;
  std::function<void()> on_agent_close;

  void Send(const protocol::Report& report);
  void Send(const protocol::Assign& assign) override;
  void Send(protocol::Ack ack) override;
  bool Send(const protocol::LogsRequest& /*request*/) override { return false; }
  void Close(protocol::CloseCode /*code*/, std::string /*reason*/) override { Break(); }

  /// From now on nothing arrives. Each end hears of it within the time that silence takes.
  void Break();
  bool broken() const { return broken_; }

 private:
  void Deliver(MonoTime& last, Loop::Event event);
  Duration Delay();

  Loop& loop_;
  Rng& rng_;
  const Faults& faults_;
  MonoTime last_up_;
  MonoTime last_down_;
  std::string last_assigned_;
  bool broken_ = false;
};

}  // namespace slipway::sim
