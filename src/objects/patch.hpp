#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reconciler/base/result.hpp"

namespace slipway::objects {

inline constexpr std::size_t kMaxPatchOperations = 10'000;

/// RFC 7396. Code::kBadRequest where the patch of an object is not an object. The result is no deeper
/// than the deeper one of both.
Result<nlohmann::json> ApplyMergePatch(const nlohmann::json& object, const nlohmann::json& patch);

/// RFC 6902 as kube-apiserver understands it, all operations or none: a field that is not there can be
/// replaced, and is null where it is tested or copied; an index may be negative. The result may be no
/// object. Code::kBadRequest where the text is no patch, or leads to an object deeper than kMaxDepth at any
/// moment; kTooLarge above kMaxPatchOperations, where copies make the result larger than 3 MiB, or where more
/// than ten million values have to move; kUnprocessable where it cannot be applied.
Result<nlohmann::json> ApplyJsonPatch(const nlohmann::json& object, const nlohmann::json& patch);

}  // namespace slipway::objects
