#pragma once

#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// What is written beside a data file, to tell the file from an older copy of it that was put in its
/// place: a copy is behind, or of another life, or has nothing beside it.
struct Life {
  Incarnation incarnation;
  Revision reached = 0;  ///< durable in the file before it was written here

  bool operator==(const Life&) const = default;
};

/// Where it is written.
std::string LifePath(const std::string& data_file);

/// What stands there; nullopt: nothing, or nothing that can be read.
std::optional<Life> ReadLife(const std::string& path);

/// Replaces it (mode 0600), durably; a crash leaves the old or the new one. kUnavailable, kForbidden
/// or kInternal where it cannot be written: then the old one is there.
Result<void> WriteLife(const std::string& path, const Life& life);

}  // namespace slipway::store
