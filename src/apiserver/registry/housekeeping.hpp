#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reconciler/base/clock.hpp"
#include "src/apiserver/registry/registry.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::apiserver {

/// What somebody must do in the background: empties namespaces that are being deleted, forgets
/// Events that are older than an hour, and calls whoever must look at certificates. Looks at the objects every now and then; a crash at any
/// point loses nothing. Constructed, used and destroyed on the thread that runs `io`, the
/// registry's home thread.
class Housekeeping {
 public:
  struct Options {
    Duration interval = std::chrono::seconds(1);  ///< between two looks at the namespaces
    Duration events_interval = std::chrono::minutes(1);
    Duration events_kept = std::chrono::hours(1);

    /// Runs every `certificates_interval`, on the home thread, where a server that runs for months
    /// renews what would end: Pki::Renew, then ReplaceIdentity of each listener that shows another chain
    /// than it should. May be empty.
    std::function<void()> look_at_certificates{};
    Duration certificates_interval = std::chrono::hours(12);

    /// Told of what a look threw, which is a fault of ours; the next look comes all the same. May be empty.
    std::function<void(const std::string& what)> on_fault{};
  };

  /// `registry` and `clock` outlive it.
  Housekeeping(boost::asio::io_context& io, Registry& registry, const Clock& clock,
               Options options);
  ~Housekeeping();  ///< after Stop's `done`, or without Start

  void Start();

  /// `done` runs once nothing of it is under way any more.
  void Stop(std::function<void()> done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::apiserver
