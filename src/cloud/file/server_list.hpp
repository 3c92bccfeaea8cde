#pragma once

#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::cloud {

/// Bytes of a list; 10,000 servers with some labels are 1 MB.
inline constexpr std::size_t kMaxServerListBytes = std::size_t{8} << 20;

/// Reads a list of servers in YAML or JSON: {servers: […]}, where each server is written as in `spec.provider.static.servers` of a
/// Fleet and held to the same rules. Pure and thread-safe.
///
/// kInvalid says the line where it is no YAML, or else the first field that is wrong and whose it is; also for an empty text, which
/// may be one that is about to be written: that there are no servers is said by `servers: []`. A list is right as a whole or not at
/// all.
Result<std::vector<runtime::ListedServer>> ReadServerList(std::string_view text);

}  // namespace slipway::cloud
