#pragma once

#include <cstddef>
#include <string>

#include "src/store/store.hpp"

namespace slipway::store {

// What every implementation refuses in the same words.

inline constexpr std::size_t kLongestKey = 1024;                ///< bytes
inline constexpr std::size_t kLargestValue = 16 * 1024 * 1024;  ///< bytes
inline constexpr std::size_t kLargestBatch = 4 * 1024 * 1024;   ///< bytes that one Take hands out

/// Whether a write can be carried out at all, whatever the store holds: kBadRequest, kTooLarge.
Result<void> CheckShape(const Write& write);

/// Whether the latest change of the key allows the write. `latest`: its revision; 0 where the key
/// does not exist.
Result<void> CheckPrecondition(const Write& write, Revision latest);

/// kExpired below `compacted`, kTimeout above `current`.
Result<void> CheckRevision(Revision asked, Revision compacted, Revision current);

/// Whether a page that holds so many entries, with so many bytes of values, takes another one.
inline bool HasRoom(const ListRequest& request, std::size_t entries, std::size_t bytes) {
  return (request.limit == 0 || entries < request.limit) &&
         (request.bytes == 0 || bytes < request.bytes);
}

/// The end (exclusive) of the keys that begin with `prefix`, in the order of bytes.
std::string PrefixEnd(std::string prefix);

}  // namespace slipway::store
