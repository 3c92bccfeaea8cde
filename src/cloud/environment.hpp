#pragma once

#include <map>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::cloud {

/// Variables of the process, by name. Handed in, so that a test and another host of this code can say what they are.
using Environment = std::map<std::string, std::string>;

/// The value of a variable; empty where it is not set: an empty one means the same to the SDKs of providers.
inline std::string Variable(const Environment& environment, const std::string& name) {
  const auto at = environment.find(name);
  return at == environment.end() ? std::string() : at->second;
}

/// Whether a token may go to the URL that a variable holds, if it holds one: over https://, or to this machine. Reason EndpointInvalid.
Result<void> CheckEndpointIn(const Environment& environment, const std::string& name);

}  // namespace slipway::cloud
