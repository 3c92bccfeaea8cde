#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "src/apiserver/access/access_tokens.hpp"
#include "src/apiserver/access/authorizer.hpp"
#include "src/apiserver/object_requests.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// Who sends this request: by the connection's certificate, or else by `Authorization: Bearer`, as
/// kube-apiserver does it: beside a certificate a token is not looked at. kUnauthorized: nobody knows;
/// errors of the registry. On the home thread.
Result<User> Identify(const http::Exchange& exchange, AccessTokens& tokens);

/// Answers requests that are about access itself: the questions what one may do, and new tokens. The
/// pointers outlive it. On the home thread.
struct AccessRequests {
  const ObjectRequests* objects = nullptr;
  Registry* registry = nullptr;
  AccessTokens* tokens = nullptr;
  const Clock* clock = nullptr;

  /// Whether it is one of those.
  static bool Takes(const std::string& verb, const Route& route);

  /// Errors become a Status in the answer.
  boost::asio::awaitable<http::Response> Answer(std::shared_ptr<http::Exchange> exchange,
                                                Route route, User user) const;

 private:
  boost::asio::awaitable<http::Response> CreateToken(std::shared_ptr<http::Exchange> exchange,
                                                     Route route, User user) const;
};

}  // namespace slipway::apiserver
