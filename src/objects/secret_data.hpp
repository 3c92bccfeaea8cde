#pragma once

#include <map>
#include <string>
#include <string_view>

namespace slipway::objects {

/// Bytes as they stand in a Secret.
std::string Base64(std::string_view bytes);

/// The values of a Secret (its JSON), decoded, by key. Values that are no base64 are left out.
std::map<std::string, std::string> SecretDataOf(const std::string& secret);

}  // namespace slipway::objects
