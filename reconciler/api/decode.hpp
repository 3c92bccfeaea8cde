#pragma once

#include <string_view>

#include "reconciler/base/result.hpp"

namespace slipway::api {

/// Reads a value from JSON text. Declared for every generated struct, beside it. Fields that the
/// schema does not know are ignored, absent ones get their default, null counts as absent.
/// Code::kBadRequest where the text is no JSON; Code::kInvalid where it does not fit, with a
/// message that begins with the path of the first misfit. Bounds and patterns are not checked: the
/// API has done that.
template <typename T>
Result<T> Decode(std::string_view json);

}  // namespace slipway::api
