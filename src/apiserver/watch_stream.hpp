#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reconciler/base/clock.hpp"
#include "src/apiserver/answer/presentation.hpp"
#include "src/apiserver/recent_lines.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/apiserver/request/list_options.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

struct ObjectRequests;

/// What one WATCH needs. The pointers outlive it.
struct WatchJob {
  const Registry* registry = nullptr;
  const Clock* clock = nullptr;
  RecentLines* lines = nullptr;
  const ObjectRequests* requests = nullptr;
  std::string user{};  ///< as Traffic tells them apart
  ObjectPath path{};
  WatchRequest request{};
  Form form{};
  Duration longest{};  ///< then it ends, cleanly
  Duration bookmark_interval{};
  /// Runs what it is given once whoever watches may do so no more, unless what it returned was dropped.
  std::function<std::shared_ptr<void>(std::function<void()>)> on_revoked{};
  ObjectList initial{};  ///< what is there, where the request wants it
  /// Let go once `initial` has been sent.
  std::shared_ptr<void> listing{};
  std::shared_ptr<void> listed_bytes{};
};

/// Streams changes until the client goes, the listener stops, its time is over, or history was
/// compacted under it. Answers the exchange in each case. On the home thread.
boost::asio::awaitable<void> StreamWatch(std::shared_ptr<http::Exchange> exchange, WatchJob job);

}  // namespace slipway::apiserver
