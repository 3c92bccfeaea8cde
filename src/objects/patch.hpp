#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reconciler/base/result.hpp"

namespace slipway::objects {

inline constexpr std::size_t kMaxPatchOperations = 10'000;

/// RFC 7396. Code::kBadRequest where the patch of an object is not an object, or the result is
/// nested too deeply.
Result<nlohmann::json> ApplyMergePatch(const nlohmann::json& object, const nlohmann::json& patch);

/// RFC 6902, all operations or none. Code::kBadRequest where the patch is malformed or leads to no
/// object; kTooLarge above kMaxPatchOperations, or where copies make the result larger than 3 MiB;
/// kInvalid where a `test` fails or a path does not exist.
Result<nlohmann::json> ApplyJsonPatch(const nlohmann::json& object, const nlohmann::json& patch);

}  // namespace slipway::objects
