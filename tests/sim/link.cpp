#include "tests/sim/link.hpp"

#include <algorithm>
#include <utility>

namespace slipway::sim {
namespace {

constexpr unsigned kLongestSilence = 15'000;

template <typename Function, typename... Arguments>
void CallIf(const Function& function, const Arguments&... arguments) {
  if (function) {
    const Function copy = function;  // it may end the link, and itself
    copy(arguments...);
  }
}

}  // namespace

Link::Link(Loop& loop, Rng& rng, const Faults& faults) : loop_(loop), rng_(rng), faults_(faults) {}

Duration Link::Delay() {
  if (Faults::Happens(rng_, faults_.late)) {
    return Duration(1'000 + rng_.Below(9'000));
  }
  return Duration(1 + rng_.Below(50));
}

void Link::Deliver(MonoTime& last, Loop::Event event) {
  if (broken_) {
    return;
  }
  if (Faults::Happens(rng_, faults_.broken_connection)) {
    Break();
    return;
  }
  last = std::max(last, loop_.Mono() + Delay());
  loop_.At(last, [self = shared_from_this(), event = std::move(event)] {
    if (!self->broken_) {
      event();
    }
  });
}

void Link::Send(const protocol::Report& report) {
  const auto shared = std::make_shared<const protocol::Report>(report);
  const auto arrive = [this, shared] { CallIf(on_report, *shared); };
  Deliver(last_up_, arrive);
  if (Faults::Happens(rng_, faults_.doubled_report)) {
    Deliver(last_up_, arrive);
  }
  if (Faults::Happens(rng_, faults_.reordered_report)) {
    MonoTime beside = loop_.Mono() + Duration(rng_.Below(20'000));
    Deliver(beside, arrive);
  }
}

void Link::Send(const protocol::Assign& assign) {
  std::string said = protocol::Encode(protocol::GatewayMessage(assign));
  if (said == last_assigned_) {
    return;
  }
  last_assigned_ = std::move(said);
  const auto shared = std::make_shared<const protocol::Assign>(assign);
  Deliver(last_down_, [this, shared] { CallIf(on_assign, *shared); });
}

void Link::Send(protocol::Ack ack) {
  Deliver(last_down_, [this, ack] { CallIf(on_ack, ack); });
}

void Link::Break() {
  if (std::exchange(broken_, true)) {
    return;
  }
  loop_.After(Duration(rng_.Below(kLongestSilence)),
              [self = shared_from_this()] { CallIf(self->on_gateway_close); });
  loop_.After(Duration(rng_.Below(kLongestSilence)),
              [self = shared_from_this()] { CallIf(self->on_agent_close); });
}

}  // namespace slipway::sim
