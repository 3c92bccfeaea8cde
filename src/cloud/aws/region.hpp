#pragma once

#include <string>
#include <string_view>

namespace slipway::cloud::aws {

/// The domain of the part of AWS that a region belongs to, such as amazonaws.com. Source: botocore's partitions.json.
std::string DomainOf(std::string_view region);

}  // namespace slipway::cloud::aws
