#pragma once

#include <string>

#include "src/objects/schema_node.hpp"

namespace slipway::objects {

/// What a value that does not fit must be, in words that follow "must be": "a count or a
/// percentage, such as 3 or 25%". For a value of the wrong type, format or pattern; lengths and
/// bounds are not its business.
std::string WhatItMustBe(const SchemaNode& node);

/// Whether WhatItMustBe has words for this pattern; a test asks it for every pattern in crd/.
bool HasHint(const std::string& pattern);

}  // namespace slipway::objects
