#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "reconciler/base/time.hpp"

namespace slipway::agent {

/// One health check: GET http://address:port/path. Empty when it answered 200 to 399 within
/// `timeout`; otherwise what was wrong, such as "GET /healthz answered 500". Never throws.
boost::asio::awaitable<std::string> CheckHttp(std::string address, std::int64_t port,
                                              std::string path, Duration timeout);

}  // namespace slipway::agent
