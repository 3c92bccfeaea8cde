#pragma once

#include <map>
#include <span>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/aws/query_client.hpp"

namespace slipway::cloud::aws {

/// As many groups as one question may name.
inline constexpr std::size_t kGroupsInAQuery = 50;

/// One page of DescribeAutoScalingGroups.
struct GroupPage {
  /// By instance: whether its group has it in service. Otherwise it waits (Pending:Wait, Terminating:Wait), stands by, comes or goes.
  std::map<std::string, bool> in_service;
  std::string next;  ///< token of the page that follows; empty: this is the last
};

/// Asks for these groups, at most kGroupsInAQuery; the first page where `token` is empty.
Query DescribeGroups(std::span<const std::string> names, const std::string& token);

/// Reads a page. kInvalid where it is none, or an instance has no id or no state. Pure.
Result<GroupPage> ReadGroups(const std::string& xml);

}  // namespace slipway::cloud::aws
