#include "src/cloud/azure/machine_id.hpp"

#include <array>
#include <cctype>
#include <cstddef>
#include <vector>

#include "src/cloud/text.hpp"

namespace slipway::cloud::azure {
namespace {

std::vector<std::string> PartsOf(std::string_view id) {
  std::vector<std::string> parts;
  while (id.starts_with('/')) {
    id.remove_prefix(1);
    const auto end = id.find('/');
    parts.emplace_back(id.substr(0, end));
    id = end == std::string_view::npos ? std::string_view() : id.substr(end);
  }
  return parts;
}

}  // namespace

std::optional<MachineId> ReadMachineId(std::string_view id) {
  static constexpr std::array<std::string_view, 10> kOfSet = {
      "subscriptions",           "", "resourcegroups",  "", "providers", "microsoft.compute",
      "virtualmachinescalesets", "", "virtualmachines", ""};
  static constexpr std::array<std::string_view, 8> kAlone = {
      "subscriptions",   "", "resourcegroups", "", "providers", "microsoft.compute",
      "virtualmachines", ""};
  const std::vector<std::string> parts = PartsOf(id);
  const auto fits = [&](const auto& words) {
    bool same = parts.size() == words.size();
    for (std::size_t at = 0; same && at < words.size(); ++at) {
      same = words.at(at).empty() ? !parts.at(at).empty() : LowerCase(parts.at(at)) == words.at(at);
    }
    return same;
  };
  if (fits(kAlone)) {
    return MachineId{
        .subscription = parts.at(1), .group = parts.at(3), .scale_set = {}, .name = parts.at(7)};
  }
  if (fits(kOfSet)) {
    return MachineId{.subscription = parts.at(1),
                     .group = parts.at(3),
                     .scale_set = parts.at(7),
                     .name = parts.at(9)};
  }
  return std::nullopt;
}

std::string ProviderId(const MachineId& id) {
  const std::string scale_set =
      id.scale_set.empty() ? "" : "virtualMachineScaleSets/" + id.scale_set + "/";
  return "azure:///subscriptions/" + id.subscription + "/resourceGroups/" + LowerCase(id.group) +
         "/providers/Microsoft.Compute/" + scale_set + "virtualMachines/" + id.name;
}

std::string PartBehind(std::string_view id, std::string_view word) {
  const std::string wanted = "/" + std::string(word) + "/";
  const auto at = LowerCase(id).find(wanted);
  if (at == std::string::npos) {
    return "";
  }
  const std::string_view rest = id.substr(at + wanted.size());
  return std::string(rest.substr(0, rest.find('/')));
}

std::string LastPart(std::string_view id) {
  return std::string(id.substr(id.rfind('/') == std::string_view::npos ? 0 : id.rfind('/') + 1));
}

}  // namespace slipway::cloud::azure
