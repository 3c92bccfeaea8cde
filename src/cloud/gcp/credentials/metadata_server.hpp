#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/token_source.hpp"

namespace slipway::cloud::gcp {

/// The token of the service account that this machine has, from its metadata server: that of GCE_METADATA_HOST, or the usual one. Only
/// a server that says to be Google's is believed. Errors as TokenSource has them; kNotFound also where there is no such server.
Result<AccessToken> TokenOfMachine(const Doors& doors, const Environment& environment);

}  // namespace slipway::cloud::gcp
