#pragma once

#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::cloud::gcp {

/// One page of instances.aggregatedList.
struct InstancePage {
  std::vector<runtime::ListedServer> servers;  ///< those that the provider's fields fit
  std::string
      next;  ///< token of the page that follows; empty: this is the last. A page may be empty and not the last
};

/// Compute Engine gives no more on a page.
inline constexpr int kMostOnAPage = 500;

/// Path and query that ask for a page of at most `most` instances: the first one where `token` is empty.
std::string AggregatedList(const api::GcpProvider& provider, const std::string& token,
                           int most = kMostOnAPage);

/// Reads one. kInvalid where it is no whole page of instances: something did not answer, a zone is there twice, or one of them has no id
/// or no known state. Without it the list would say that a server is gone. So is JSON that is nested deeper than 1,024, or has integers
/// of more than 64 bits. Pure.
Result<InstancePage> ReadInstances(const std::string& text, const api::GcpProvider& provider);

}  // namespace slipway::cloud::gcp
