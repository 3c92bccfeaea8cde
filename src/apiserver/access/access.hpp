#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/apiserver/request/route.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// The verb of Kubernetes for a request: get, list, watch, create, update, patch, delete.
/// kMethodNotAllowed where the target does not offer the method; kForbidden where the kind says why.
Result<std::string> VerbOf(const http::RequestHead& head, const Route& route);

/// Whether this is one of those who may use this API by their certificate. Thread-safe.
bool MayUseApi(const http::Peer& peer);

}  // namespace slipway::apiserver
