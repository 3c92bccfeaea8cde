#include "src/apiserver/registry/background_work.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "reconciler/base/assert.hpp"

namespace slipway::apiserver {

namespace asio = boost::asio;

BackgroundWork::BackgroundWork(asio::io_context& io) : io_(io), timer_(io) {}

void BackgroundWork::Start(asio::awaitable<void> work) {
  SLIPWAY_ASSERT(!running_, "it is started once");
  running_ = true;
  asio::co_spawn(io_, std::move(work), [this](const std::exception_ptr&) {
    running_ = false;
    if (stopped_) {
      asio::post(io_, std::move(stopped_));
    }
  });
}

void BackgroundWork::Stop(std::function<void()> done) {
  stopping_ = true;
  if (!running_) {
    asio::post(io_, std::move(done));
    return;
  }
  stopped_ = std::move(done);
  timer_.cancel();
}

asio::awaitable<void> BackgroundWork::Rest(std::chrono::steady_clock::time_point until) {
  if (stopping_) {
    co_return;
  }
  timer_.expires_at(until);
  boost::system::error_code cancelled;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

}  // namespace slipway::apiserver
