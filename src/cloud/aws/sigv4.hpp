#pragma once

#include <string>

#include "reconciler/base/time.hpp"
#include "src/cloud/aws/credentials/credentials.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud::aws {

/// What a signature is good for.
struct SigningScope {
  std::string region;   ///< such as eu-west-1
  std::string service;  ///< such as ec2
  Time time;            ///< by the clock of AWS, which accepts 5 minutes more or less
};

/// Adds what Signature Version 4 needs: x-amz-date, x-amz-security-token where there is one, Authorization. Everything in `request` is
/// signed, its host and its body too, so nothing may change after it. Pure.
/// Source: "Create a signed AWS API request", AWS Identity and Access Management User Guide.
void Sign(rest::Request& request, const Credentials& credentials, const SigningScope& scope);

}  // namespace slipway::cloud::aws
