#pragma once

#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/http/exchange.hpp"

namespace slipway::http {

/// Replaces %XX, and + by a space where `plus_is_space`. kBadRequest: a broken sequence or a byte 0.
/// Thread-safe.
Result<std::string> DecodePercent(std::string_view text, bool plus_is_space);

/// Fills in path and query from the second word of a request. kBadRequest: not a path. Thread-safe.
Result<void> ParseTarget(std::string_view target, RequestHead& head);

}  // namespace slipway::http
