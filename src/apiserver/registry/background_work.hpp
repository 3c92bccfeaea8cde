#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::apiserver {

/// Owns the one coroutine of somebody who works in the background. Used on the thread that runs `io`.
class BackgroundWork {
 public:
  explicit BackgroundWork(boost::asio::io_context& io);

  /// `work` ends soon after stopping() is true, and uses nothing of its owner's after its end. Once.
  void Start(boost::asio::awaitable<void> work);

  /// `done` runs once the work has ended; the owner may be destroyed there.
  void Stop(std::function<void()> done);
  bool stopping() const { return stopping_; }

  /// Comes back then, or once Wake or Stop is called; at once after Stop.
  boost::asio::awaitable<void> Rest(std::chrono::steady_clock::time_point until);
  void Wake() { timer_.cancel(); }

 private:
  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  bool running_ = false;
  bool stopping_ = false;
  std::function<void()> stopped_;
};

}  // namespace slipway::apiserver
