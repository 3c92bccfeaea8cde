#pragma once

#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"

// What narrows a provider's list down. Pure.
namespace slipway::cloud {

/// The same provider without what narrows its list down: what else there is.
api::Provider WithoutFilters(api::Provider provider);

/// A part of a provider that narrows its list down.
struct Filter {
  std::string name;        ///< as messages call it, such as "tags.role"
  api::Provider provider;  ///< with this one alone
};

/// Each of them. A server is in the list of the provider where it is in those of all of them.
std::vector<Filter> FiltersOf(const api::Provider& provider);

}  // namespace slipway::cloud
