#pragma once

#include <string>

#include "src/agent/protocol.hpp"

namespace slipway::gateway {

/// What an agent can be told. Used on the gateway's home thread only.
class Speaker {
 public:
  virtual ~Speaker() = default;

  /// An older assignment that still waits is forgotten. The same one is not sent twice in a row.
  virtual void Send(const protocol::Assign& assign) = 0;
  virtual void Send(protocol::Ack ack) = 0;

  /// False where too many requests wait already.
  virtual bool Send(const protocol::LogsRequest& request) = 0;

  /// Ends the connection soon: says why, then closes.
  virtual void Close(protocol::CloseCode code, std::string reason) = 0;
};

}  // namespace slipway::gateway
