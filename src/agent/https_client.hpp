#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/agent/control.hpp"
#include "src/agent/tls.hpp"

namespace slipway::agent {

struct HttpsRequest {
  std::string method = "GET";
  std::string target;
  std::string content_type;
  std::string bearer_token;
  std::string body;
  std::string
      sink;  ///< a file (0600, replaced) for the body of a reply with status 200; empty: none
  std::uint64_t max_body_bytes = 1U << 20;
  Duration deadline{30'000};         ///< for the whole of it
  std::shared_ptr<Control> control;  ///< Control::stop breaks the connection; nullptr: nobody will
};

struct HttpsReply {
  unsigned status = 0;
  std::string body;  ///< empty where it went to the sink
};

/// One request on a connection of its own. kUnavailable where there was no whole answer; whatever
/// the server answered, also an error, is a reply. Limits are set before anything is read.
boost::asio::awaitable<Result<HttpsReply>> SendRequest(ServerUrl server, TlsContext context,
                                                       HttpsRequest request);

}  // namespace slipway::agent
