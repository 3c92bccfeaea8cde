#pragma once

#include <functional>
#include <memory>

#include "src/apiserver/registry.hpp"

// What Registry's reading methods do. Thread-safe as the store is; errors as Registry says.
namespace slipway::apiserver {

Result<Object> ReadOne(store::Store& store, const ObjectPath& path);

Result<ObjectList> ReadList(store::Store& store, const ObjectPath& path,
                            const ListOptions& options);

Result<std::unique_ptr<ObjectWatch>> WatchChanges(store::Store& store, const Post& post,
                                                  const ObjectPath& path,
                                                  const Selectors& selectors, store::Revision after,
                                                  std::function<void()> ready);

}  // namespace slipway::apiserver
