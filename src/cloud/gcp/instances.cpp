#include "src/cloud/gcp/instances.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "reconciler/api/names.hpp"
#include "src/cloud/tag_labels.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::gcp {
namespace {

using runtime::MachineState;
using simdjson::dom::element;
using simdjson::dom::element_type;
/// What the API wrote at some place; nothing where it is absent, or null. It lives as long as the parser, as do its texts.
using Part = std::optional<element>;

constexpr const char* kZones = "zones/";
constexpr std::string_view kManagers = "/instanceGroupManagers/";
constexpr std::size_t kMostIdDigits = 20;  ///< of an unsigned 64-bit number

/// What the expressions of filters take as it stands.
bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
           letter == '_';
  });
}

/// The fleet's own filter, or its labels as one. Both together might be an expression that means something else; labels are looked at
/// here in any case.
std::string FilterOf(const api::GcpProvider& provider) {
  if (!provider.filter.empty()) {
    return provider.filter;
  }
  std::string filter;
  for (const auto& [key, value] : provider.labels) {
    if (IsPlainWord(key) && IsPlainWord(value)) {
      filter += (filter.empty() ? "" : " AND ") + ("(labels." + key) + " = \"" + value + "\")";
    }
  }
  return filter;
}

Part PartOf(element value) { return value.is_null() ? Part() : value; }

/// Whether `is` says so of the name and the value of a field; it is asked of one after the other until then. Of none where `tree` is no
/// object.
template <typename Is>
bool AnyField(const Part& tree, Is is) {
  simdjson::dom::object fields;
  if (tree && tree->get(fields) == simdjson::SUCCESS) {
    for (const auto field : fields) {
      if (is(field.key, field.value)) {
        return true;
      }
    }
  }
  return false;
}

/// The same of the elements of a list.
template <typename Is>
bool AnyElement(const Part& tree, Is is) {
  simdjson::dom::array elements;
  if (tree && tree->get(elements) == simdjson::SUCCESS) {
    for (const element each : elements) {
      if (is(PartOf(each))) {
        return true;
      }
    }
  }
  return false;
}

/// The last of that name, should there be several.
Part PartAt(const Part& tree, std::string_view name) {
  Part found;
  AnyField(tree, [&](std::string_view key, element value) {
    if (key == name) {
      found = PartOf(value);
    }
    return false;
  });
  return found;
}

/// Empty where it is no text.
std::string_view TextOf(const Part& part) {
  std::string_view text;
  return part && part->get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string_view WordsAt(const Part& tree, std::string_view name) {
  return TextOf(PartAt(tree, name));
}

/// What is read of an instance.
struct Instance {
  Part id;
  Part name;
  Part status;
  Part labels;
  Part metadata;
  Part interfaces;
  Part type;
  Part created;
};

/// All in one go: each call of PartAt looks at every field, of which Google tells some thirty.
Instance InstanceOf(const Part& tree) {
  static constexpr std::array<std::pair<std::string_view, Part Instance::*>, 8> kFields = {
      {{"id", &Instance::id},
       {"name", &Instance::name},
       {"status", &Instance::status},
       {"labels", &Instance::labels},
       {"metadata", &Instance::metadata},
       {"networkInterfaces", &Instance::interfaces},
       {"machineType", &Instance::type},
       {"creationTimestamp", &Instance::created}}};
  Instance read;
  AnyField(tree, [&](std::string_view key, element value) {
    const auto* const field =
        std::ranges::find(kFields, key, &decltype(kFields)::value_type::first);
    if (field != kFields.end()) {
      read.*field->second = PartOf(value);
    }
    return false;
  });
  return read;
}

/// What stands behind the last slash of a URL.
std::string_view LastPart(std::string_view url) { return url.substr(url.rfind('/') + 1); }

Result<MachineState> StateNamed(std::string_view name) {
  static const std::map<std::string_view, MachineState> kStates = {
      // One that starts or is moved is there, and its agent is yet to come.
      {"PENDING", MachineState::kRunning},
      {"PROVISIONING", MachineState::kRunning},
      {"STAGING", MachineState::kRunning},
      {"RUNNING", MachineState::kRunning},
      {"REPAIRING", MachineState::kRunning},
      {"PENDING_STOP", MachineState::kStopped},
      {"STOPPING", MachineState::kStopped},
      {"STOPPED", MachineState::kStopped},
      {"DEPROVISIONING", MachineState::kStopped},
      {"SUSPENDING", MachineState::kStopped},
      {"SUSPENDED", MachineState::kStopped},
      {"TERMINATED",
       MachineState::kStopped},  // It can be started again: a deleted one is not listed.
  };
  const auto found = kStates.find(name);
  if (found == kStates.end()) {
    return Fail(Code::kInvalid,
                "has the status \"" + Quoted(name, {}) + "\", which nobody here knows");
  }
  return found->second;
}

/// The first text at `name` of any object in a list.
std::string_view FirstAt(const Part& list, std::string_view name) {
  std::string_view text;
  AnyElement(list, [&](const Part& each) {
    text = WordsAt(each, name);
    return !text.empty();
  });
  return text;
}

std::string_view AddressOf(const Part& interface, api::AddressChoice choice) {
  switch (choice) {
    case api::AddressChoice::kPrivate:
      return WordsAt(interface, "networkIP");
    case api::AddressChoice::kPublic:
      return FirstAt(PartAt(interface, "accessConfigs"), "natIP");
    case api::AddressChoice::kIPv6:
      break;
  }
  const std::string_view inside = WordsAt(interface, "ipv6Address");
  return inside.empty() ? FirstAt(PartAt(interface, "ipv6AccessConfigs"), "externalIpv6") : inside;
}

/// Of the first interface that has one.
std::string_view FirstAddress(const Instance& instance, api::AddressChoice choice) {
  std::string_view address;
  AnyElement(instance.interfaces, [&](const Part& interface) {
    address = AddressOf(interface, choice);
    return !address.empty();
  });
  return address;
}

/// The managed instance group that made it; empty where none did.
std::string_view GroupOf(const Instance& instance) {
  std::string_view maker;
  const bool is_made = AnyElement(PartAt(instance.metadata, "items"), [&](const Part& item) {
    maker = WordsAt(item, "value");
    return WordsAt(item, "key") == "created-by";
  });
  const auto at = maker.rfind(kManagers);
  return is_made && at != std::string_view::npos ? maker.substr(at + kManagers.size())
                                                 : std::string_view();
}

api::LabelSet LabelsOf(const Instance& instance, std::string_view zone, MachineLabels& labels) {
  AnyField(instance.labels, [&](std::string_view key, element value) {
    labels.AddTag(key, TextOf(value));
    return false;
  });
  labels.AddFacts({.region = zone.substr(0, zone.rfind('-')),
                   .zone = zone,
                   .type = LastPart(TextOf(instance.type)),
                   .image = {},
                   .group = GroupOf(instance),
                   .launched = TextOf(instance.created),
                   .name = {}});
  return labels.Take();
}

/// kInvalid where a part that a fleet may go by is not of the form that it has.
Result<void> CheckForm(const Instance& instance) {
  const auto is_other = [](const Part& part, element_type type) {
    return part && part->type() != type;
  };
  if (is_other(instance.labels, element_type::OBJECT) ||
      is_other(instance.metadata, element_type::OBJECT) ||
      is_other(PartAt(instance.metadata, "items"), element_type::ARRAY) ||
      is_other(instance.interfaces, element_type::ARRAY)) {
    return Fail(Code::kInvalid, "is not described as instances are");
  }
  if (AnyField(instance.labels,
               [](std::string_view, element value) { return !value.is_string(); })) {
    return Fail(Code::kInvalid, "has a label that is no text");
  }
  return Ok();
}

/// A name alone is that of a network of the project itself: a shared one may have the same.
bool HasNetwork(const Instance& instance, const api::GcpProvider& provider) {
  const std::string wanted =
      provider.network.find('/') == std::string::npos
          ? "/projects/" + provider.project + "/global/networks/" + provider.network
          : "/" + provider.network;
  return AnyElement(instance.interfaces, [&](const Part& interface) {
    return ("/" + std::string(WordsAt(interface, "network"))).ends_with(wanted);
  });
}

bool Fits(const Instance& instance, std::string_view zone, const api::GcpProvider& provider) {
  const bool labels = std::ranges::all_of(provider.labels, [&](const auto& wanted) {
    const Part found = PartAt(instance.labels, wanted.first);
    return found && TextOf(found) == wanted.second;
  });
  return labels &&
         (provider.zones.empty() ||
          std::ranges::find(provider.zones, zone) != provider.zones.end()) &&
         (provider.network.empty() || HasNetwork(instance, provider)) &&
         (provider.managed_instance_group.empty() ||
          GroupOf(instance) == provider.managed_instance_group);
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kMostIdDigits &&
         std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

/// Adds one to the page, where it fits.
Result<void> ReadInstance(const Instance& instance, std::string_view zone,
                          const api::GcpProvider& provider, MachineLabels& labels,
                          std::vector<runtime::ListedServer>& servers) {
  const std::string_view id = TextOf(instance.id);
  const std::string name(TextOf(instance.name));
  // Names come again when an instance is made anew, and are taken twice in two zones; ids never.
  std::string server = api::NameOfMachine(name, id);
  if (!IsId(id) || !IsPlainWord(name)) {
    return Fail(Code::kInvalid, "one of its instances has no id, or no name");
  }
  const auto trouble = [&](const Error& error) {
    return Fail(Code::kInvalid,
                "instance " + name + " in " + std::string(zone) + " " + error.message);
  };
  if (const auto form = CheckForm(instance); !form.has_value()) {
    return trouble(form.error());
  }
  if (!Fits(instance, zone, provider)) {
    return Ok();
  }
  const auto state = StateNamed(TextOf(instance.status));
  if (!state.has_value()) {
    return trouble(state.error());
  }
  servers.push_back(
      {.name = std::move(server),
       .address = std::string(FirstAddress(instance, provider.address)),
       .provider_id = "gce://" + provider.project + "/" + std::string(zone) + "/" + name,
       .labels = LabelsOf(instance, zone, labels),
       .state = state.value()});
  return Ok();
}

/// Google's words where a part of the answer is missing.
Result<void> CheckWarning(const Part& tree, const std::string& where) {
  const Part warning = PartAt(tree, "warning");
  const std::string_view code = WordsAt(warning, "code");
  if (!warning || code == "NO_RESULTS_ON_PAGE") {
    return Ok();
  }
  return Fail(Code::kInvalid, where + " may lack instances: " + Quoted(code, {}) + ": " +
                                  Quoted(WordsAt(warning, "message"), {}));
}

Result<void> CheckWhole(const Part& root) {
  const Part items = PartAt(root, "items");
  const Part next = PartAt(root, "nextPageToken");
  if (WordsAt(root, "kind") != "compute#instanceAggregatedList" || (items && !items->is_object()) ||
      (next && !next->is_string())) {
    return Fail(Code::kInvalid, "it is no list of instances");
  }
  const Part unreachables = PartAt(root, "unreachables");
  Part first;
  const bool is_some = AnyElement(unreachables, [&](const Part& each) {
    first = each;
    return true;
  });
  if (unreachables && (is_some || !unreachables->is_array())) {
    return Fail(Code::kInvalid,
                "it lacks what could not be reached: " +
                    (first && first->is_string() ? Quoted(TextOf(first), {}) : "something"));
  }
  return CheckWarning(root, "it");
}

/// The zones of a page, and what they hold. kInvalid where one is there twice: nobody could say which of them is whole.
Result<std::map<std::string_view, element>> ScopesOf(const Part& root) {
  std::map<std::string_view, element> scopes;
  std::string_view again;
  if (AnyField(PartAt(root, "items"), [&](std::string_view key, element value) {
        again = key;
        return !scopes.emplace(key, value).second;
      })) {
    return Fail(Code::kInvalid, "it has " + Quoted(again, {}) + " twice");
  }
  return scopes;
}

}  // namespace

std::string AggregatedList(const api::GcpProvider& provider, const std::string& token, int most) {
  std::string path = "/compute/v1/projects/" + Escape(provider.project, ":") +
                     "/aggregated/instances?maxResults=" + std::to_string(most) +
                     "&returnPartialSuccess=false";
  if (const std::string filter = FilterOf(provider); !filter.empty()) {
    path += "&filter=" + Escape(filter);
  }
  if (!token.empty()) {
    path += "&pageToken=" + Escape(token);
  }
  return path;
}

/// What simdjson read, and what it read it with.
struct InstancePage::Tree {
  simdjson::dom::parser parser;
  element root;
};

InstancePage::InstancePage(std::unique_ptr<Tree> tree, std::string next)
    : tree_(std::move(tree)), next_(std::move(next)) {}
InstancePage::InstancePage(InstancePage&& other) noexcept = default;
InstancePage::~InstancePage() = default;

Result<InstancePage> InstancePage::Parse(const std::string& text) {
  auto tree = std::make_unique<Tree>();
  if (tree->parser.parse(text).get(tree->root) != simdjson::SUCCESS) {
    return Fail(Code::kInvalid, "it is no JSON");
  }
  SLIPWAY_TRYV(CheckWhole(tree->root));
  std::string next(WordsAt(tree->root, "nextPageToken"));
  return InstancePage(std::move(tree), std::move(next));
}

Result<std::vector<runtime::ListedServer>> InstancePage::Servers(
    const api::GcpProvider& provider) const {
  SLIPWAY_TRY(scopes, ScopesOf(tree_->root));
  std::vector<runtime::ListedServer> servers;
  MachineLabels labels;
  for (const auto& [scope, listed] : scopes) {
    const std::string where = Quoted(scope, {});
    if (!listed.is_object()) {
      return Fail(Code::kInvalid, where + " is not described as zones are");
    }
    SLIPWAY_TRYV(CheckWarning(listed, where));
    const Part instances = PartAt(listed, "instances");
    if (!instances) {
      continue;
    }
    simdjson::dom::array each;
    if (instances->get(each) != simdjson::SUCCESS || !scope.starts_with(kZones)) {
      return Fail(Code::kInvalid, where + " is no zone with instances");
    }
    for (const element instance : each) {
      SLIPWAY_TRYV(ReadInstance(InstanceOf(instance), LastPart(scope), provider, labels, servers));
    }
  }
  return servers;
}

}  // namespace slipway::cloud::gcp
