#include "src/cloud/aws/instances.hpp"

#include <algorithm>
#include <pugixml.hpp>
#include <string_view>

#include "src/cloud/tag_labels.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::aws {
namespace {

using runtime::ListedServer;
using runtime::MachineState;

constexpr const char* kMostOnAPage = "1000";
constexpr const char* kGroupTag = "aws:autoscaling:groupName";

/// A value that stands for itself and for no pattern.
std::string Literally(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '*' || letter == '?' || letter == '\\') {
      escaped += '\\';
    }
    escaped += letter;
  }
  return escaped;
}

Result<MachineState> StateNamed(const std::string& name) {
  if (name == "running" || name == "pending") {
    return MachineState::kRunning;  // One that starts is there, and its agent is yet to come.
  }
  if (name == "stopping" || name == "stopped") {
    return MachineState::kStopped;
  }
  if (name == "shutting-down" || name == "terminated") {
    return MachineState::kTerminated;
  }
  return Fail(Code::kInvalid,
              "has the state \"" + Quoted(name, {}) + "\", which nobody here knows");
}

std::string AddressOf(const pugi::xml_node& instance, api::AddressChoice choice) {
  switch (choice) {
    case api::AddressChoice::kPrivate:
      return instance.child_value("privateIpAddress");
    case api::AddressChoice::kPublic:
      return instance.child_value("ipAddress");
    case api::AddressChoice::kIPv6:
      break;
  }
  for (const pugi::xml_node interface : instance.child("networkInterfaceSet").children("item")) {
    const pugi::xml_node first = interface.child("ipv6AddressesSet").child("item");
    if (first) {
      return first.child_value("ipv6Address");
    }
  }
  return instance.child_value("ipv6Address");
}

/// The Auto Scaling group that it is in; empty where it is in none.
std::string GroupOf(const pugi::xml_node& instance) {
  const auto tags = instance.child("tagSet").children("item");
  for (const pugi::xml_node tag : tags) {
    if (tag.child_value("key") == std::string_view(kGroupTag)) {
      return tag.child_value("value");
    }
  }
  return "";
}

api::LabelSet LabelsOf(const pugi::xml_node& instance, const std::string& region,
                       MachineLabels& labels) {
  for (const pugi::xml_node tag : instance.child("tagSet").children("item")) {
    const std::string_view key = tag.child_value("key");
    if (!key.starts_with("aws:")) {  // AWS's own: ids of stacks and the like
      labels.AddTag(key, tag.child_value("value"));
    }
  }
  labels.AddFacts({.region = region,
                   .zone = instance.child("placement").child_value("availabilityZone"),
                   .type = instance.child_value("instanceType"),
                   .image = instance.child_value("imageId"),
                   .group = GroupOf(instance),
                   .launched = instance.child_value("launchTime"),
                   .name = {}});
  return labels.Take();
}

/// Of an id or a zone: they become parts of others' names.
bool IsNameOfAws(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  });
}

Result<ListedServer> ReadInstance(const pugi::xml_node& instance, const std::string& region,
                                  api::AddressChoice address, MachineLabels& labels) {
  const std::string id = instance.child_value("instanceId");
  if (!id.starts_with("i-") || !IsNameOfAws(id)) {
    return Fail(Code::kInvalid, "one of its instances has no id");
  }
  const std::string zone = instance.child("placement").child_value("availabilityZone");
  if (!IsNameOfAws(zone)) {
    return Fail(Code::kInvalid,
                "instance " + id + " is in \"" + Quoted(zone, {}) + "\", which is no zone");
  }
  const auto state = StateNamed(instance.child("instanceState").child_value("name"));
  if (!state.has_value()) {
    return Fail(Code::kInvalid, "instance " + id + " " + state.error().message);
  }
  return ListedServer{.name = id,
                      .address = AddressOf(instance, address),
                      .provider_id = "aws:///" + zone + "/" + id,
                      .labels = LabelsOf(instance, region, labels),
                      .state = state.value()};
}

bool HasTwo(const pugi::xml_node& parent, const char* name) {
  return static_cast<bool>(parent.child(name).next_sibling(name));
}

}  // namespace

Query DescribeInstances(const api::AwsProvider& provider, const std::string& token) {
  Query query{.action = "DescribeInstances",
              .permission = "ec2:DescribeInstances",
              .parameters = {{"MaxResults", kMostOnAPage}}};
  int number = 0;
  const auto filter = [&](const std::string& name, const std::vector<std::string>& values) {
    const std::string prefix = "Filter." + std::to_string(++number) + ".";
    query.parameters.emplace_back(prefix + "Name", name);
    for (std::size_t at = 0; at < values.size(); ++at) {
      query.parameters.emplace_back(prefix + "Value." + std::to_string(at + 1), values[at]);
    }
  };
  for (const auto& [key, value] : provider.tags) {
    filter("tag:" + key, {Literally(value)});
  }
  if (!provider.vpc.empty()) {
    filter("vpc-id", {provider.vpc});
  }
  if (!provider.auto_scaling_group.empty()) {
    filter(std::string("tag:") + kGroupTag, {Literally(provider.auto_scaling_group)});
  }
  for (const api::AwsFilter& each : provider.filters) {
    filter(each.name, each.values);
  }
  if (!token.empty()) {
    query.parameters.emplace_back("NextToken", token);
  }
  return query;
}

Result<InstancePage> ReadInstances(std::string xml, const std::string& region,
                                   api::AddressChoice address) {
  // The tree of a page of 1,000 takes several times its bytes: so there is no copy of these, and no nodes for texts alone.
  constexpr unsigned kSmall = pugi::parse_default | pugi::parse_embed_pcdata;
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer_inplace(xml.data(), xml.size(), kSmall);
  if (!parsed) {
    return Fail(Code::kInvalid, std::string("it is no XML: ") + parsed.description());
  }
  const pugi::xml_node root = document.child("DescribeInstancesResponse");
  if (!root.child("reservationSet")) {
    return Fail(Code::kInvalid, "it is no list of instances");
  }
  if (HasTwo(root, "reservationSet") || HasTwo(root, "nextToken")) {
    return Fail(Code::kInvalid, "it is two pages in one");
  }
  InstancePage page{.servers = {}, .groups = {}, .next = root.child_value("nextToken")};
  MachineLabels labels;
  for (const pugi::xml_node reservation : root.child("reservationSet").children("item")) {
    if (!reservation.child("instancesSet").child("item") || HasTwo(reservation, "instancesSet")) {
      return Fail(Code::kInvalid, "one of its reservations holds no instances");
    }
    for (const pugi::xml_node instance : reservation.child("instancesSet").children("item")) {
      SLIPWAY_TRY(server, ReadInstance(instance, region, address, labels));
      if (const std::string group = GroupOf(instance); !group.empty()) {
        page.groups[server.name] = group;
      }
      page.servers.push_back(std::move(server));
    }
  }
  return page;
}

}  // namespace slipway::cloud::aws
