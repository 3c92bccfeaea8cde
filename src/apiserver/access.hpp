#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/apiserver/route.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// The verb of Kubernetes for a request: get, list, watch, create, update, patch, delete.
/// kMethodNotAllowed where the target does not offer the method.
Result<std::string> VerbOf(const http::RequestHead& head, const Route& route);

/// Whether somebody may do this. kUnauthorized: nobody knows who it is; kForbidden: known, and not
/// one of those who may use this API. Thread-safe.
Result<void> CheckAccess(const http::Peer& peer, const std::string& verb, const Route& route);

/// Whether this is one of those who may use this API at all. Thread-safe.
bool MayUseApi(const http::Peer& peer);

/// The same, before it is known what the path stands for.
Result<void> CheckIdentity(const http::Peer& peer);

}  // namespace slipway::apiserver
