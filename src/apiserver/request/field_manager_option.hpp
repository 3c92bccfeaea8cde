#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// The Content-Type of a server-side apply.
inline constexpr const char* kApplyType = "application/apply-patch+yaml";

/// Who becomes the owner of what a request writes, and whether by force: from its query, else from the
/// program that sends it. `verb` as VerbOf gave it. kInvalid in Kubernetes' words. Thread-safe.
Result<void> ReadFieldManager(const http::RequestHead& head, const std::string& verb,
                              WriteOptions& options);

}  // namespace slipway::apiserver
