#pragma once

#include <string>
#include <string_view>

// Rules about names that more than one folder needs. Pure and thread-safe.
namespace slipway::api {

/// The name of a static server that has only an address: the address in lower case, every character
/// outside a-z, 0-9 and - replaced by -, without dashes at either end. Empty where nothing is left.
std::string NameFromAddress(std::string_view address);

}  // namespace slipway::api
