#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/environment.hpp"

namespace slipway::cloud::aws {

/// Where a service is in a region, without a slash at the end: as AWS_ENDPOINT_URL_ and `name` says it, or AWS_ENDPOINT_URL, or else in
/// the domain of the part of AWS that the region belongs to. `host` is what its name begins with there, such as ec2.
/// EndpointInvalid where a variable names another machine and not by https://: session tokens and web identities go there.
/// Source: botocore's partitions.json.
Result<std::string> EndpointOf(const Environment& environment, const std::string& name,
                               const std::string& host, const std::string& region);

}  // namespace slipway::cloud::aws
