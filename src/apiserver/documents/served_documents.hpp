#pragma once

#include <string>

#include "src/http/exchange.hpp"

// What describes the API and does not change while the server runs. Each text is made once, at the first request,
// and has a hash by which a client sees that it has it already. Thread-safe.
namespace slipway::apiserver {

/// /api and /apis: plain, or aggregated where the client asks for that first. `groups`: those with a
/// name; the core else.
http::Response ServeDiscovery(const http::RequestHead& head, bool groups);

/// /openapi/v2: as JSON, or in gnostic's protobuf form.
http::Response ServeOpenApiV2(const http::RequestHead& head);

/// /openapi/v3: where the documents are, by group and version, each with its hash.
http::Response ServeOpenApiV3Index(const http::RequestHead& head);

/// /openapi/v3/<path>, such as "apis/slipway.dev/v1alpha1". With the right `hash` in the query the
/// answer may be kept for ever; with another one the client is sent to the right one. 404: there is no
/// such group and version.
http::Response ServeOpenApiV3(const http::RequestHead& head, const std::string& path);

}  // namespace slipway::apiserver
