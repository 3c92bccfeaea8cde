#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/token_source.hpp"
#include "src/rest/client.hpp"

// What whoever gives tokens answers. Pure.
namespace slipway::cloud::azure {

/// A token, whose source is left empty. kInvalid where there is none that ends.
Result<AccessToken> ReadToken(const std::string& body, Time now);

/// What an answer that is no success means, in its own words but without `secret`: kTooManyRequests and kUnavailable may pass,
/// kUnauthorized is Microsoft's no, kInvalid that of somebody else.
Error ReadTokenRefusal(const rest::Response& response, const std::string& secret);

}  // namespace slipway::cloud::azure
