#pragma once

#include <map>
#include <span>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/aws/query_client.hpp"

namespace slipway::cloud::aws {

/// As many groups as one question may name.
inline constexpr std::size_t kGroupsInAQuery = 50;

/// An instance as its group has it.
struct GroupMember {
  std::string group;
  std::string state;  ///< where it is in its life, in AWS's own words: InService, Pending:Wait, …

  bool operator==(const GroupMember&) const = default;
};

/// One page of DescribeAutoScalingGroups.
struct GroupPage {
  std::map<std::string, GroupMember> members;  ///< by instance
  std::string next;  ///< token of the page that follows; empty: this is the last
};

/// Asks for these groups, at most kGroupsInAQuery; the first page where `token` is empty.
Query DescribeGroups(std::span<const std::string> names, const std::string& token);

/// Reads a page. kInvalid where it is none, a group has no name, or an instance no id or no state. Pure.
Result<GroupPage> ReadGroups(const std::string& xml);

/// What CompleteLifecycleAction is asked for.
struct LaunchAction {
  std::string hook;
  std::string group;
  std::string instance;
};

/// Asks to go on with a launch that waits at a hook.
Query CompleteLaunchAction(const LaunchAction& action);

/// Whether an error holds Auto Scaling's words that an instance does not wait at this hook: not any more, or never. Pure.
bool SaysNobodyWaits(const Error& error);

/// Whether an answer says that this was done. Pure.
bool IsCompleted(const std::string& xml);

}  // namespace slipway::cloud::aws
