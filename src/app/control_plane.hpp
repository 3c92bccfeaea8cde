#pragma once

#include <functional>
#include <memory>

#include "reconciler/base/result.hpp"
#include "src/app/server_command.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::app {

/// The composition root: makes every part of the control plane and wires them together. Used on the thread that runs `io`.
class ControlPlane {
 public:
  /// Where it is, once it serves.
  struct Addresses {
    std::string api;     ///< https://host:port
    std::string agents;  ///< https://host:port
    std::string ca_hash;
    std::string kubeconfig;
  };

  explicit ControlPlane(boost::asio::io_context& io);
  ~ControlPlane();

  /// Opens the data directory and listens; `ready` runs when requests are served and servers are looked after. Errors say what
  /// keeps it from starting.
  Result<void> Start(const ServerOptions& options, std::function<void(const Addresses&)> ready,
                     std::function<void(const Error&)> failed);

  /// An orderly stop. `done` runs when nothing is accepted, sent or planned any more; what was acknowledged is durable.
  void Stop(std::function<void()> done);

  /// Waits for work on the pool for this long; false: something still runs (a poll of a slow remote) and may be cut off.
  bool Drain(Duration patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::app
