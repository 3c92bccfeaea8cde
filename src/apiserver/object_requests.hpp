#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "src/apiserver/access/authorizer.hpp"
#include "src/apiserver/fair_pool.hpp"
#include "src/apiserver/log_source.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/apiserver/request/route.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// Answers requests about objects: everything but watches. The pointers outlive it. On the home
/// thread; lists are read and written out on the pool, because they may be large.
struct ObjectRequests {
  Registry* registry = nullptr;
  const Clock* clock = nullptr;
  LogSource* logs = nullptr;  ///< nullptr: there are none
  FairPool* pool = nullptr;

  /// `verb` as VerbOf gave it; `user` may do it. Errors become a Status in the answer.
  boost::asio::awaitable<http::Response> Answer(std::shared_ptr<http::Exchange> exchange,
                                                std::string verb, Route route, User user) const;

  /// A list without the walk back: what a watch begins with. `user`: as Traffic tells them apart.
  boost::asio::awaitable<Result<ObjectList>> ReadList(ObjectPath path, ListOptions options,
                                                      std::string user) const;

  /// The next objects of a list that comes piece by piece: what its ObjectList::more gives.
  boost::asio::awaitable<Result<std::vector<Object>>> ReadMore(
      std::function<Result<std::vector<Object>>()> more, std::string user) const;

 private:
  boost::asio::awaitable<http::Response> List(std::shared_ptr<http::Exchange> exchange,
                                              ObjectPath path, std::string user) const;
  boost::asio::awaitable<http::Response> Write(std::shared_ptr<http::Exchange> exchange,
                                               std::string verb, Route route, User user) const;
  boost::asio::awaitable<http::Response> Delete(std::shared_ptr<http::Exchange> exchange,
                                                ObjectPath path) const;
  boost::asio::awaitable<http::Response> DeleteCollection(std::shared_ptr<http::Exchange> exchange,
                                                          ObjectPath path, std::string user) const;
  boost::asio::awaitable<http::Response> Logs(std::shared_ptr<http::Exchange> exchange,
                                              ObjectPath path) const;
  http::Response Get(const http::RequestHead& head, const ObjectPath& path) const;
};

/// An error as an answer: a Status, and Retry-After where it says so. `path` may be nullptr.
/// `continue_token`: how a list can go on all the same, or empty.
http::Response Failure(const Error& error, const ObjectPath* path,
                       const std::string& continue_token = "");

}  // namespace slipway::apiserver
