#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>

namespace slipway::http {

/// Awaits something that answers through a callback. `start` is given the callback; whoever has it
/// calls it once, on any thread, at once or later, and the coroutine goes on on its own executor.
/// Name `start` before the co_await: a lambda inside of the expression is gone too early.
template <typename T>
boost::asio::awaitable<T> AwaitCallback(std::function<void(std::function<void(T)>)> start) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto initiate = [executor](auto handler, std::function<void(std::function<void(T)>)> begin) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    begin([executor, shared](T value) {
      boost::asio::post(executor, [shared, answer = std::move(value)]() mutable {
        (*shared)(std::move(answer));
      });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiate, boost::asio::use_awaitable, std::move(start));
}

}  // namespace slipway::http
