#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/token_source.hpp"

namespace slipway::cloud::azure {

/// A token for `resource`, such as https://management.azure.com, of the managed identity that this machine has: from App Service where
/// IDENTITY_ENDPOINT and IDENTITY_HEADER are set, otherwise from the metadata service of virtual machines. AZURE_CLIENT_ID chooses
/// among several. Blocking. Errors as TokenSource has them; kNotFound also where nobody answers
/// at the usual address, which is so on other machines.
Result<AccessToken> TokenOfMachine(const Doors& doors, const Environment& environment,
                                   const std::string& resource);

}  // namespace slipway::cloud::azure
