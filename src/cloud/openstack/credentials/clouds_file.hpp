#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/openstack/credentials/login.hpp"

namespace slipway::cloud::openstack {

/// An entry of clouds.yaml, with what secure.yaml adds to it.
struct CloudEntry {
  std::string name;
  std::string path;  ///< of the clouds.yaml
  Settings settings;
};

/// The entry of this name, or the only one where it is empty. clouds.yaml (or .yml, .json) is the file that OS_CLIENT_CONFIG_FILE names,
/// or the first in ~/.config/openstack and /etc/openstack; never one in the folder that the process happens to run in. kNotFound:
/// there is no such file; its message says where. kInvalid: there is one, and it cannot be used or does not have the entry.
Result<CloudEntry> FindCloud(const Environment& environment, const std::string& name);

}  // namespace slipway::cloud::openstack
