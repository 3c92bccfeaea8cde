#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>

#include "src/apiserver/object_requests.hpp"
#include "src/apiserver/request/list_options.hpp"
#include "src/apiserver/request/request_options.hpp"

namespace slipway::apiserver {

/// Whether all objects of a kind can be deleted by one request: of each but Namespace.
bool OffersCollectionDelete(const objects::KindInfo& kind);

/// Whether such a request can name this collection: one namespace, or a kind that has none.
bool OffersCollectionDelete(const ObjectPath& path);

/// DELETE of a collection.
struct CollectionDelete {
  const ObjectRequests* requests = nullptr;  ///< outlives it
  ObjectPath path;
  ListRequest which{};
  DeleteWish how{};
  std::string user{};  ///< as Traffic tells them apart
};

/// Deletes, one after the other, what a list gives, and returns that list. It is not one transaction: the
/// first error ends it, and what was deleted before stays deleted. Who is gone already is no error. On
/// the home thread.
boost::asio::awaitable<Result<ObjectList>> DeleteAll(CollectionDelete job);

}  // namespace slipway::apiserver
