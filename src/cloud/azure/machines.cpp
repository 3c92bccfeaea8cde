#include "src/cloud/azure/machines.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "reconciler/api/names.hpp"
#include "src/cloud/azure/machine_id.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/tag_labels.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::azure {
namespace {

using nlohmann::json;
using runtime::MachineState;
using Texts = std::map<std::string, std::string>;

constexpr std::string_view kPower = "powerstate/";
constexpr std::string_view kProvisioning = "provisioningstate/";
constexpr std::size_t kMostInterfaces = 64;  ///< no size of a machine has as many

bool IsIn(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::any_of(
      names, [&](const std::string& each) { return LowerCase(each) == LowerCase(name); });
}

/// In the names of tags upper and lower case are the same.
bool HasTags(const Texts& tags, const Texts& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& tag) {
    return std::ranges::any_of(tags, [&](const auto& own) {
      return LowerCase(own.first) == LowerCase(tag.first) && own.second == tag.second;
    });
  });
}

Result<Texts> TagsOf(const json& described) {
  const json& tags = At(described, "tags");
  Texts read;
  if (!tags.is_null() && !tags.is_object()) {
    return Fail(Code::kInvalid, "is not described as machines are");
  }
  for (const auto& [name, value] : tags.items()) {
    if (!value.is_string()) {
      return Fail(Code::kInvalid, "has a tag that is no text");
    }
    read[name] = value.get<std::string>();
  }
  return read;
}

/// The scale set that it is an instance of; empty where it is of none.
std::string ScaleSetOf(const json& described, const MachineId& id) {
  return id.scale_set.empty()
             ? LastPart(TextAt(At(At(described, "properties"), "virtualMachineScaleSet"), "id"))
             : id.scale_set;
}

/// Whether everything but the tags does.
bool Fits(const json& described, const MachineId& id, const api::AzureProvider& provider) {
  return (provider.resource_groups.empty() || IsIn(provider.resource_groups, id.group)) &&
         (provider.locations.empty() || IsIn(provider.locations, TextAt(described, "location"))) &&
         (provider.scale_set.empty() || IsIn({provider.scale_set}, ScaleSetOf(described, id)));
}

bool IsVmId(const std::string& text) {
  static constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  bool good = text.size() == kForm.size();
  for (std::size_t at = 0; good && at < kForm.size(); ++at) {
    good = kForm.at(at) == '-'
               ? text.at(at) == '-'
               : std::string_view("0123456789abcdef").find(text.at(at)) != std::string_view::npos;
  }
  return good;
}

api::LabelSet LabelsOf(const json& described, const MachineId& id, const Texts& tags) {
  const json& properties = At(described, "properties");
  const json& zones = At(described, "zones");
  const std::string location = TextAt(described, "location");
  const std::string size = TextAt(At(properties, "hardwareProfile"), "vmSize");
  const bool zonal = zones.is_array() && !zones.empty() && zones.front().is_string();
  MachineLabels labels;
  for (const auto& [key, value] : tags) {
    labels.AddTag(key, value);
  }
  labels.AddFacts({.region = location,
                   .zone = zonal ? location + "-" + zones.front().get<std::string>() : "",
                   .type = size.empty() ? TextAt(At(described, "sku"), "name") : size,
                   .image = {},
                   .group = ScaleSetOf(described, id),
                   .launched = TextAt(properties, "timeCreated"),
                   .name = {}});
  return labels.Take();
}

/// Ids of its network interfaces, the primary one first.
Result<std::vector<std::string>> InterfacesOf(const json& described) {
  const json& interfaces =
      At(At(At(described, "properties"), "networkProfile"), "networkInterfaces");
  std::vector<std::string> ids;
  if (!interfaces.is_array() && !interfaces.is_null()) {
    return Fail(Code::kInvalid, "is not described as machines are");
  }
  if (interfaces.size() > kMostInterfaces) {
    return Fail(Code::kInvalid,
                "has more than " + std::to_string(kMostInterfaces) + " network interfaces");
  }
  for (const json& interface : interfaces) {
    const std::string id = TextAt(interface, "id");
    if (id.empty()) {
      return Fail(Code::kInvalid, "has a network interface without an id");
    }
    const json& primary = At(At(interface, "properties"), "primary");
    const bool first = primary.is_boolean() && primary.get<bool>();
    ids.insert(first ? ids.begin() : ids.end(), id);
  }
  return ids;
}

/// The rest of the first of these codes that begins so, in lower case; empty where none does.
std::string CodeBehind(const std::vector<std::string>& codes, std::string_view begin) {
  for (const std::string& code : codes) {
    if (const std::string lower = LowerCase(code); lower.starts_with(begin)) {
      return lower.substr(begin.size());
    }
  }
  return "";
}

Result<std::optional<Machine>> ReadFitting(const json& described, const MachineId& id,
                                           const api::AzureProvider& provider) {
  if (!Fits(described, id, provider)) {
    return std::optional<Machine>();
  }
  SLIPWAY_TRY(tags, TagsOf(described));
  if (!HasTags(tags, provider.tags)) {
    return std::optional<Machine>();
  }
  const json& properties = At(described, "properties");
  const std::string vm_id = LowerCase(TextAt(properties, "vmId"));
  const std::string name = TextAt(described, "name");
  if (!IsVmId(vm_id) || name.empty()) {
    return Fail(Code::kInvalid, "has no vmId, or no name");
  }
  SLIPWAY_TRY(interfaces, InterfacesOf(described));
  return std::optional(Machine{.id = TextAt(described, "id"),
                               .server = {.name = api::NameOfMachine(name, vm_id),
                                          .address = {},
                                          .provider_id = ProviderId(id),
                                          .labels = LabelsOf(described, id, tags)},
                               .interfaces = std::move(interfaces),
                               .provisioning = LowerCase(TextAt(properties, "provisioningState")),
                               .codes = ReadCodes(described)});
}

}  // namespace

Result<std::optional<Machine>> ReadMachine(const json& described,
                                           const api::AzureProvider& provider) {
  const auto id = ReadMachineId(TextAt(described, "id"));
  if (!id) {
    return Fail(Code::kInvalid, "one of its machines has no id");
  }
  auto read = ReadFitting(described, *id, provider);
  if (!read.has_value()) {
    return Fail(Code::kInvalid, Quoted(ProviderId(*id), {}) + " " + read.error().message);
  }
  return read;
}

StatusCodes ReadCodes(const json& described) {
  const json& statuses = At(At(At(described, "properties"), "instanceView"), "statuses");
  if (!statuses.is_array()) {
    return std::nullopt;
  }
  std::vector<std::string> codes;
  for (const json& status : statuses) {
    codes.push_back(TextAt(status, "code"));
  }
  return codes;
}

Result<MachineState> StateOf(const std::vector<std::string>& codes,
                             const std::string& provisioning) {
  static constexpr std::array kRunning = {"running", "starting", "creating"};
  static constexpr std::array kStopped = {"stopping", "stopped", "deallocating", "deallocated"};
  const std::string change = CodeBehind(codes, kProvisioning);
  if (provisioning == "deleting" || change.starts_with("deleting")) {
    return MachineState::kTerminated;
  }
  const std::string power = CodeBehind(codes, kPower);
  if (std::ranges::find(kRunning, power) != kRunning.end()) {
    return MachineState::kRunning;
  }
  if (std::ranges::find(kStopped, power) != kStopped.end()) {
    return MachineState::kStopped;
  }
  if (!power.empty()) {
    return Fail(Code::kInvalid,
                "has the power state \"" + Quoted(power, {}) + "\", which nobody here knows");
  }
  // Before it has one: either it is being made, or there was no room for it.
  if (provisioning == "creating" || change.starts_with("creating")) {
    return MachineState::kRunning;
  }
  if (change.starts_with("failed")) {
    return MachineState::kStopped;
  }
  return Fail(Code::kInvalid, "has no power state");
}

Result<std::optional<ScaleSet>> ReadScaleSet(const json& described,
                                             const api::AzureProvider& provider) {
  const std::string id = TextAt(described, "id");
  const std::string name = PartBehind(id, "providers/microsoft.compute/virtualmachinescalesets");
  const std::string mode = LowerCase(TextAt(At(described, "properties"), "orchestrationMode"));
  if (name.empty() || LastPart(id) != name || !At(described, "properties").is_object()) {
    return Fail(Code::kInvalid, "one of its scale sets is not described as such");
  }
  if ((!provider.scale_set.empty() && !IsIn({provider.scale_set}, name)) ||
      (!provider.locations.empty() && !IsIn(provider.locations, TextAt(described, "location")))) {
    return std::optional<ScaleSet>();
  }
  if (!mode.empty() && mode != "uniform" && mode != "flexible") {
    return Fail(Code::kInvalid, "scale set " + Quoted(name, {}) + " has the orchestration mode \"" +
                                    Quoted(mode, {}) + "\", which nobody here knows");
  }
  return std::optional(ScaleSet{.id = id, .uniform = mode != "flexible"});
}

}  // namespace slipway::cloud::azure
