#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/aws/credentials/config_file.hpp"
#include "src/cloud/environment.hpp"

namespace slipway::cloud::aws {

/// One of the two files.
struct ProfileFile {
  std::string path;  ///< empty where nothing says where it is, because HOME is not set
  bool found = false;
  Profiles profiles;
};

/// Both files that the tools and SDKs of AWS share.
struct SharedConfig {
  ProfileFile config;
  ProfileFile credentials;

  bool Has(const std::string& profile) const;

  /// What both files set for it; the credentials file goes before the config file, as in botocore.
  Settings Merged(const std::string& profile) const;
};

/// Reads both, from AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE or from ~/.aws/config and ~/.aws/credentials. A file that is not
/// there is no error; one that cannot be read is, as ReadProfiles says it.
Result<SharedConfig> ReadSharedConfig(const Environment& environment);

/// The profile that AWS_DEFAULT_PROFILE or AWS_PROFILE names, in botocore's order; empty where neither does.
std::string ProfileByEnvironment(const Environment& environment);

/// Where the user works: AWS_REGION, AWS_DEFAULT_REGION, or the region of `profile`; empty where nothing says it.
std::string RegionOf(const Environment& environment, const SharedConfig& shared,
                     const std::string& profile);

/// The same for the profile that the environment names, or "default". Empty also where a file is needed and cannot be read.
std::string DefaultRegion(const Environment& environment);

}  // namespace slipway::cloud::aws
