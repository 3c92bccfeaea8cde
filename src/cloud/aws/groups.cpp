#include "src/cloud/aws/groups.hpp"

#include <pugixml.hpp>

#include "src/cloud/text.hpp"

namespace slipway::cloud::aws {

Query DescribeGroups(std::span<const std::string> names, const std::string& token) {
  Query query{.action = "DescribeAutoScalingGroups",
              .permission = "autoscaling:DescribeAutoScalingGroups",
              .parameters = {{"MaxRecords", std::to_string(kGroupsInAQuery)}}};
  for (std::size_t at = 0; at < names.size(); ++at) {
    query.parameters.emplace_back("AutoScalingGroupNames.member." + std::to_string(at + 1),
                                  names[at]);
  }
  if (!token.empty()) {
    query.parameters.emplace_back("NextToken", token);
  }
  return query;
}

Result<GroupPage> ReadGroups(const std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) {
    return Fail(Code::kInvalid, std::string("it is no XML: ") + parsed.description());
  }
  const pugi::xml_node result =
      document.child("DescribeAutoScalingGroupsResponse").child("DescribeAutoScalingGroupsResult");
  if (!result.child("AutoScalingGroups")) {
    return Fail(Code::kInvalid, "it is no list of Auto Scaling groups");
  }
  GroupPage page{.members = {}, .next = result.child_value("NextToken")};
  for (const pugi::xml_node group : result.child("AutoScalingGroups").children("member")) {
    const std::string name = group.child_value("AutoScalingGroupName");
    if (name.empty() || !IsText(name)) {
      return Fail(Code::kInvalid, "an Auto Scaling group has no name");
    }
    for (const pugi::xml_node instance : group.child("Instances").children("member")) {
      const std::string id = instance.child_value("InstanceId");
      const std::string state = instance.child_value("LifecycleState");
      if (id.empty() || state.empty()) {
        return Fail(Code::kInvalid, "an instance of group " + name + " has no id or no state");
      }
      page.members[id] = {.group = name, .state = state};
    }
  }
  return page;
}

Query CompleteLaunchAction(const LaunchAction& action) {
  return {.action = "CompleteLifecycleAction",
          .permission = "autoscaling:CompleteLifecycleAction",
          .parameters = {{"AutoScalingGroupName", action.group},
                         {"InstanceId", action.instance},
                         {"LifecycleActionResult", "CONTINUE"},
                         {"LifecycleHookName", action.hook}}};
}

bool SaysNobodyWaits(const Error& error) {
  return error.code == Code::kInvalid &&
         error.message.find("No active Lifecycle Action") != std::string::npos;
}

bool IsCompleted(const std::string& xml) {
  pugi::xml_document document;
  return document.load_buffer(xml.data(), xml.size()) &&
         document.child("CompleteLifecycleActionResponse");
}

}  // namespace slipway::cloud::aws
