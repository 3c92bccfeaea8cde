#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/openstack/credentials/login.hpp"

namespace slipway::cloud::openstack {

/// Finds who the control plane is, as openstacksdk does: the entry of clouds.yaml that is named `cloud` or, where that is empty,
/// OS_CLOUD; the OS_ variables; the only entry of clouds.yaml. `project` as ReadLogin has it. kNotFound: nothing is set up, and the
/// message says where was looked; kInvalid: what is set up cannot be used, and the search ends there.
Result<Login> FindLogin(const Environment& environment, const std::string& cloud,
                        const std::string& project);

/// Who a Secret says to be. Only what ReadLogin knows is read of it. kInvalid says what is wrong, and holds nothing of it.
Result<Login> LoginOfSecret(const std::string& name, const SecretData& secret,
                            const std::string& project);

}  // namespace slipway::cloud::openstack
