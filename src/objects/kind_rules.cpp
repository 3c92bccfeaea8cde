#include "src/objects/kind_rules.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "reconciler/api/application.hpp"
#include "reconciler/api/fleet.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/names.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/azure_hosts.hpp"
#include "src/objects/core_rules.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/label_syntax.hpp"
#include "src/objects/secret_data.hpp"
#include "src/objects/template_rules.hpp"
#include "src/objects/url.hpp"

namespace slipway::objects {
namespace {

constexpr Duration kShortestInterval{100};
constexpr std::size_t kMaxServerName = 63;
constexpr Duration kMaxListing{600'000};  ///< spec.provider.exec.timeout

/// A part of a tree that fits its schema, as the type that the same schema gave.
template <typename T>
T Typed(const Json& tree) {
  auto decoded = api::Decode<T>(PrintJson(tree));
  SLIPWAY_ASSERT(decoded.has_value(), "a valid tree does not decode: " + decoded.error().message);
  return std::move(decoded.value());
}

void CheckWaves(const std::vector<api::Wave>& waves, const Faults& strategy) {
  std::set<std::string> names;
  std::map<bool, std::int64_t>
      largest;  // counts and percentages apart: only servers could compare them
  for (std::size_t index = 0; index < waves.size(); ++index) {
    const api::Wave& wave = waves[index];
    const Faults faults = strategy.At("waves", index);
    if (!wave.name.empty() && !names.insert(wave.name).second) {
      faults.At("name").Duplicate("\"" + wave.name + "\": another wave has this name");
    }
    std::int64_t& before = largest[wave.up_to.is_percent()];
    if (wave.up_to.value() <= before) {
      faults.At("upTo").Invalid(
          "\"" + api::FormatIntOrPercent(wave.up_to) +
          "\": must be more than in the waves before, because each wave includes them");
    }
    before = std::max(before, wave.up_to.value());
  }
}

void CheckApplication(const Json& object, const Faults& faults) {
  const auto spec = Typed<api::ApplicationSpec>(object["spec"]);
  CheckRelativePath(spec.source.path, faults.At("source.path"));
  CheckServerSelection(spec.servers, faults.At("servers"));
  if (spec.gate) {
    CheckGate(*spec.gate, faults.At("gate"));
  }
  CheckRelease(spec.release, faults.At("release"));
  CheckWaves(spec.strategy.waves, faults.At("strategy"));
  for (const api::Process& process : spec.release.processes) {
    if (spec.strategy.progress_deadline <= process.health.min_healthy_time) {
      faults.At("strategy.progressDeadline")
          .Invalid("\"" + api::FormatDuration(spec.strategy.progress_deadline) +
                   "\": must be longer than minHealthyTime of the process " + process.name +
                   ", which is " + api::FormatDuration(process.health.min_healthy_time));
    }
  }
}

void CheckRollout(const Json& object, const Faults& faults) {
  const auto spec = Typed<api::RolloutSpec>(object["spec"]);
  if (spec.template_.gate) {
    CheckGate(*spec.template_.gate, faults.At("template.gate"));
  }
  CheckRelease(spec.template_.release, faults.At("template.release"));
}

void CheckUrl(const std::string& url, const Faults& faults) {
  const std::size_t start = url.find("://") + 3;
  const std::string_view authority =
      std::string_view(url).substr(start, url.find('/', start) - start);
  const std::size_t at = authority.rfind('@');
  const bool has_user = at != std::string_view::npos;
  const bool has_password = has_user && authority.substr(0, at).find(':') != std::string_view::npos;
  if (has_password || (has_user && url.starts_with("http"))) {
    faults.Forbidden("must hold no credentials: put them into a Secret and name it in secretRef");
  } else if (!url.starts_with("file://") && authority.substr(has_user ? at + 1 : 0).empty()) {
    faults.Invalid("must name a host, as in https://host/group/shop.git");
  }
}

void CheckRefName(const std::string& name, const Faults& faults) {
  const bool odd = name.find("..") != std::string::npos || name.find("//") != std::string::npos ||
                   name.find("/.") != std::string::npos || name.find("@{") != std::string::npos ||
                   name.ends_with(".lock");
  if (odd) {
    faults.Invalid("\"" + name + "\": must be a name that git allows, such as main or release/1.2");
  }
}

void CheckGitRepository(const Json& object, const Faults& faults) {
  const auto spec = Typed<api::GitRepositorySpec>(object["spec"]);
  CheckUrl(spec.url, faults.At("url"));
  CheckRefName(spec.ref.branch, faults.At("ref.branch"));
  CheckRefName(spec.ref.tag, faults.At("ref.tag"));
  if (spec.interval < kShortestInterval) {
    faults.At("interval")
        .Invalid("\"" + api::FormatDuration(spec.interval) + "\": must be at least " +
                 api::FormatDuration(kShortestInterval));
  }
  CheckPositive(spec.timeout, faults.At("timeout"));
}

void CheckStaticServer(const api::StaticServer& server, std::set<std::string>& names,
                       const Faults& faults) {
  if (server.name.empty() && server.address.empty()) {
    faults.Required("must have a name or an address");
    return;
  }
  const std::string name = server.name.empty() ? api::NameFromAddress(server.address) : server.name;
  if (name.size() > kMaxServerName) {
    faults.At("name").Required("must be given, because the address is longer than 63 characters");
  } else if (!names.insert(name).second) {
    faults.Duplicate("\"" + name + "\": another server of this fleet has this name");
  }
  for (const auto& label : server.labels) {
    if (!IsLabelKey(label.first)) {
      faults.At("labels").Invalid("\"" + label.first + "\": " + kLabelKeyHint);
    } else if (label.first.starts_with("slipway.dev/")) {
      faults.At("labels").Forbidden("\"" + label.first +
                                    "\": labels of slipway.dev are set by Slipway");
    }
  }
}

/// A token goes there as it is: the control plane's own to nobody but Google.
void CheckGcpEndpoint(const api::GcpProvider& provider, const Faults& faults) {
  if (!provider.secret_ref && !provider.endpoint.empty() &&
      !IsHttpsUnder(provider.endpoint, "googleapis.com")) {
    faults.Invalid(
        "\"" + provider.endpoint +
        "\": must be https:// and of googleapis.com, because a token of the control plane goes "
        "there: choose such a name, or say in secretRef who asks");
  }
}

void CheckAzureEndpoint(const api::AzureProvider& provider, const Faults& faults) {
  if (!provider.secret_ref && !IsOwnEndpoint(provider)) {
    faults.Invalid("\"" + provider.endpoint + "\": must be https:// and at or under " +
                   AzureHostsOf(provider.cloud).manager +
                   ", because a token of the control plane goes there: choose such a name, or say "
                   "in secretRef who asks");
  }
}

void CheckFleet(const Json& object, const Faults& faults) {
  const auto spec = Typed<api::FleetSpec>(object["spec"]);
  if (spec.provider.exec) {
    const Faults timeout = faults.At("provider.exec.timeout");
    CheckPositive(spec.provider.exec->timeout, timeout);
    if (spec.provider.exec->timeout > kMaxListing) {
      timeout.Invalid("must be at most " + api::FormatDuration(kMaxListing));
    }
  }
  if (spec.provider.aws && !spec.provider.aws->external_id.empty() &&
      spec.provider.aws->role_arn.empty()) {
    faults.At("provider.aws.externalID")
        .Invalid("is for a role: say which in roleARN, or leave it out");
  }
  if (spec.provider.gcp) {
    CheckGcpEndpoint(*spec.provider.gcp, faults.At("provider.gcp.endpoint"));
  }
  if (spec.provider.azure) {
    CheckAzureEndpoint(*spec.provider.azure, faults.At("provider.azure.endpoint"));
  }
  if (spec.provider.openstack && spec.provider.openstack->secret_ref &&
      !spec.provider.openstack->cloud.empty()) {
    faults.At("provider.openstack.cloud")
        .Invalid("names credentials, and secretRef does too: leave one of them out");
  }
  if (spec.provider.static_) {
    const Faults where = faults.At("provider.static");
    const Json& list = object["spec"]["provider"]["static"];
    if (list.contains("servers") == list.contains("file")) {
      where.Required("must have exactly one of servers and file");
    }
    std::set<std::string> names;
    const auto& servers = spec.provider.static_->servers;
    for (std::size_t index = 0; index < servers.size(); ++index) {
      CheckStaticServer(servers[index], names, where.At("servers", index));
    }
  }
}

/// Fields of a Rollout's spec that people and the application may change.
const std::set<std::string>& RolloutLevels() {
  static const std::set<std::string> kLevels = {"paused", "aborted", "promotedThrough", "hold",
                                                "reason"};
  return kLevels;
}

void CheckRolloutChange(const Json& before, const Json& after, const Faults& faults) {
  std::set<std::string> fields;
  for (const Json* spec : {&before, &after}) {
    for (const auto& field : spec->items()) {
      fields.insert(field.key());
    }
  }
  for (const std::string& field : fields) {
    const Json missing;
    const Json& old_value = before.contains(field) ? before[field] : missing;
    const Json& new_value = after.contains(field) ? after[field] : missing;
    if (!RolloutLevels().contains(field) && old_value != new_value) {
      faults.At(field).Forbidden(
          "cannot be changed: a rollout is the record of one attempt. Change the Application "
          "instead");
    }
  }
  if (before.value("aborted", false) && !after.value("aborted", false)) {
    faults.At("aborted").Forbidden("cannot be made false again: retry makes a new rollout");
  }
  if (after.value("promotedThrough", std::int64_t{0}) <
      before.value("promotedThrough", std::int64_t{0})) {
    faults.At("promotedThrough").Forbidden("can only grow: what was promoted cannot be taken back");
  }
}

void CheckImmutable(const char* field, const Json& before, const Json& after,
                    const Faults& faults) {
  const Json missing;
  if ((before.contains(field) ? before[field] : missing) !=
      (after.contains(field) ? after[field] : missing)) {
    faults.At(field).Forbidden("cannot be changed");
  }
}

}  // namespace

void Normalise(const KindInfo& kind, Json& object) {
  if (kind.kind == "Secret" && object.contains("stringData")) {
    for (const auto& [key, value] : object["stringData"].items()) {
      object["data"][key] = Base64(value.get_ref<const std::string&>());
    }
    object.erase("stringData");
  }
  if (kind.kind == "Namespace") {
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = object["metadata"]["name"];
  }
}

std::vector<Cause> CheckRules(const KindInfo& kind, const Json& object) {
  using Check = void (*)(const Json&, const Faults&);
  static const std::map<std::string, Check> kChecks = {{"Application", CheckApplication},
                                                       {"Fleet", CheckFleet},
                                                       {"GitRepository", CheckGitRepository},
                                                       {"Rollout", CheckRollout}};
  std::vector<Cause> causes;
  const std::vector<Cause> core = CheckCoreRules(kind, object);
  causes.insert(causes.end(), core.begin(), core.end());
  const auto check = kChecks.find(kind.kind);
  if (check != kChecks.end()) {
    check->second(object, Faults(causes, "spec"));
  }
  return causes;
}

std::vector<Cause> CheckChange(const KindInfo& kind, const Json& before, const Json& after) {
  std::vector<Cause> causes = CheckCoreChange(kind, before, after);
  if (kind.kind == "Rollout") {
    CheckRolloutChange(before["spec"], after["spec"], Faults(causes, "spec"));
  } else if (kind.kind == "TestRun") {
    CheckImmutable("spec", before, after, Faults(causes));
  }
  return causes;
}

}  // namespace slipway::objects
