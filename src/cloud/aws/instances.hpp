#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"
#include "src/cloud/aws/query_client.hpp"

namespace slipway::cloud::aws {

/// One page of DescribeInstances.
struct InstancePage {
  std::vector<runtime::ListedServer> servers;
  std::map<std::string, std::string> groups;  ///< by instance: the Auto Scaling group that it is in
  std::string
      next;  ///< token of the page that follows; empty: this is the last. A page may be empty and not the last
};

/// Asks for a page: the first one where `token` is empty.
Query DescribeInstances(const api::AwsProvider& provider, const std::string& token);

/// Reads one. kInvalid where it is no page of instances, or one of them has no id, no known state, or a zone that is none: without it the list would say that
/// a server is gone. Pure.
Result<InstancePage> ReadInstances(std::string xml, const std::string& region,
                                   api::AddressChoice address);

}  // namespace slipway::cloud::aws
