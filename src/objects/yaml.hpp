#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"

namespace slipway::objects {

/// Bytes of a file.
inline constexpr std::size_t kMaxYamlBytes = 1 << 20;
/// Values that one text may become, aliases included: each use of an alias counts all that it
/// stands for.
inline constexpr std::size_t kMaxYamlNodes = 200'000;

/// The documents of a YAML text (JSON is YAML too), empty ones left out. Plain scalars mean what
/// they mean to kubectl (YAML 1.1: yes, no, on and off are booleans, 010 is 8); timestamps stay
/// text; `<<` merges. `max_bytes`: how long the text may be. Code::kBadRequest with line and column where it is no YAML, is over a limit
/// (`max_bytes`, kMaxYamlNodes, kMaxDepth), holds a key twice, or a value that JSON does not
/// have.
Result<std::vector<nlohmann::json>> ParseYaml(std::string_view text,
                                              std::size_t max_bytes = kMaxYamlBytes);

}  // namespace slipway::objects
