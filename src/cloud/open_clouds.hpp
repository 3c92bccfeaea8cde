#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "reconciler/base/clock.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/exec/exec_cloud.hpp"
#include "src/process/process_runner.hpp"

namespace slipway::cloud {

struct CloudOptions {
  std::set<std::string> allowed_programs;  ///< as ExecCloud takes them
  std::set<std::string> allowed_files;     ///< as FileCloud takes them
  ExecCloud::OnComplaint on_complaint;     ///< as ExecCloud takes it
  std::map<std::string, std::string>
      environment;  ///< where providers' own credentials, proxies and authorities are looked for
  std::uint64_t seed = 0;  ///< of the waits after a refusal
};

/// All providers, over the real network. `runner` and `clock` outlive them. Where a proxy, or a file of authorities (AWS_CA_BUNDLE,
/// CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE, REQUESTS_CA_BUNDLE, OS_CACERT), cannot be used, each list of those that need them is an error
/// that says so.
std::unique_ptr<CloudApi> OpenClouds(CloudOptions options, process::ProcessRunner& runner,
                                     const Clock& clock);

}  // namespace slipway::cloud
