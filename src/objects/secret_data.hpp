#pragma once

#include <map>
#include <string>

namespace slipway::objects {

/// The values of a Secret (its JSON), decoded, by key. Values that are no base64 are left out.
std::map<std::string, std::string> SecretDataOf(const std::string& secret);

}  // namespace slipway::objects
