#pragma once

#include <functional>
#include <memory>
#include <string>

#include "src/apiserver/registry/registry.hpp"

// What Registry's reading methods do. Thread-safe as the store is.
namespace slipway::apiserver {

/// One object. kNotFound; errors of the store.
Result<Object> ReadOne(store::Store& store, const ObjectPath& path);

/// What is said of a revision that the store has not reached: come back in a second.
Error RevisionOfTheFuture(const std::string& message);

/// RevisionOfTheFuture where the picture is older than it may be.
Result<void> CheckNotOlder(const ObjectList& list, store::Revision not_older);

/// A page of objects. kBadRequest: a selector or the continue token is wrong; kExpired: the picture
/// of the pages before is gone; kTimeout: RevisionOfTheFuture.
Result<ObjectList> ReadList(store::Store& store, const ObjectPath& path,
                            const ListOptions& options);

/// The token for the rest of a list whose picture is gone: as it is now. Empty: `continue_token` was none.
std::string AfterExpiry(const std::string& continue_token);

/// Reads changes above `after`; `ready` is posted. Errors as ReadList.
Result<std::unique_ptr<ObjectWatch>> WatchChanges(store::Store& store, const Post& post,
                                                  const ObjectPath& path,
                                                  const Selectors& selectors, store::Revision after,
                                                  std::function<void()> ready);

}  // namespace slipway::apiserver
