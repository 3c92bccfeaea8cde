#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "src/apiserver/registry/registry.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::garbage {

/// Deletes objects whose owners are all gone, takes references to owners that are gone from those that have others, and lets
/// go owners that wait for their dependents. It sees all that was committed before it decides, decides over owners as they are, and each
/// of its writes holds for the very object that it looked at. A crash at any point loses nothing: at its start it looks at everything.
/// Constructed, used and destroyed on the thread that runs `io`, the registry's home thread.
class Collector {
 public:
  struct Options {
    /// Told what could not be done, or of a fault of ours; it is tried again, ever more seldom. May be empty.
    std::function<void(const std::string& what)> on_trouble{};
    Duration first_pause = std::chrono::seconds(1);  ///< after a failure; it doubles
  };

  /// `registry` outlives it.
  Collector(boost::asio::io_context& io, apiserver::Registry& registry, Options options);
  ~Collector();  ///< after Stop's `done`, or without Start

  void Start();

  /// `done` runs once nothing of it is under way any more.
  void Stop(std::function<void()> done);

  /// Objects that it has deleted since the start.
  std::uint64_t collected() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::garbage
