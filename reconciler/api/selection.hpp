#pragma once

#include <map>
#include <string>
#include <string_view>

#include "reconciler/api/shared.hpp"

// Rules about names and labels that more than one folder needs. Pure and thread-safe.
namespace slipway::api {

/// Whether labels fit a selector. An empty selector fits all; a label that is absent is NotIn
/// everything.
bool Matches(const LabelSelector& selector, const std::map<std::string, std::string>& labels);

/// The name of a static server that has only an address: the address in lower case, every character
/// outside a-z, 0-9 and - replaced by -, without dashes at either end. Empty where nothing is left.
std::string NameFromAddress(std::string_view address);

}  // namespace slipway::api
