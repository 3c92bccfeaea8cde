#include "src/objects/metadata_rules.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/api/scalars.hpp"
#include "src/objects/cause_words.hpp"
#include "src/objects/deletion_policy.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/label_syntax.hpp"

namespace slipway::objects {
namespace {

std::string LowerCased(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
  });
  return text;
}

/// The texts in a list; none where it is no list.
std::vector<std::string> Texts(const Json& metadata, const char* field) {
  std::vector<std::string> texts;
  const auto found = metadata.find(field);
  if (found != metadata.end() && found->is_array()) {
    for (const Json& item : *found) {
      if (item.is_string()) {
        texts.push_back(item.get<std::string>());
      }
    }
  }
  return texts;
}

/// `[]string{"a", "b"}`.
std::string ListText(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& item : texts) {
    text += (text.empty() ? "" : ", ") + QuotedValue(item);
  }
  return "[]string{" + text + "}";
}

std::string TextOf(const Json& tree, const char* field) {
  const auto found = tree.find(field);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : "";
}

bool NeedsDomain(const std::string& finalizer) {
  return finalizer.find('/') == std::string::npos && finalizer != "kubernetes" &&
         finalizer != kOrphanFinalizer && finalizer != kForegroundFinalizer;
}

/// As %#v shows an owner, but for what is behind a pointer: its value is more use than its address.
std::string OwnerText(const Json& owner) {
  const auto pointer = [&](const char* field) {
    const Json value = owner.value(field, Json());
    return std::string("(*bool)(") +
           (!value.is_boolean() ? "nil"
            : value == true     ? "true"
                                : "false") +
           ")";
  };
  return "v1.OwnerReference{APIVersion:" + QuotedValue(TextOf(owner, "apiVersion")) +
         ", Kind:" + QuotedValue(TextOf(owner, "kind")) +
         ", Name:" + QuotedValue(TextOf(owner, "name")) +
         ", UID:" + QuotedValue(TextOf(owner, "uid")) + ", Controller:" + pointer("controller") +
         ", BlockOwnerDeletion:" + pointer("blockOwnerDeletion") + "}";
}

std::string OwnersText(const Json& owners) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t index = 0; index < std::min(owners.size(), kMost); ++index) {
    text += (text.empty() ? "" : ", ") + OwnerText(owners[index]);
  }
  return "[]v1.OwnerReference{" + text + (owners.size() > kMost ? ", …" : "") + "}";
}

class MetadataJudge {
 public:
  MetadataJudge(const KindInfo& kind, const Json& metadata) : kind_(kind), metadata_(metadata) {}

  std::vector<Cause> Run() {
    CheckName();
    CheckLabels();
    CheckAnnotations();
    CheckOwners();
    CheckFinalizers();
    if (!IsCustom(kind_)) {
      CheckDomains();
    }
    return std::move(causes_);
  }

 private:
  std::string Text(const char* field) const { return TextOf(metadata_, field); }

  std::vector<std::string> NameFaults(const std::string& name) const {
    return kind_.group.empty() && kind_.kind == "Namespace" ? DnsLabelFaults(name)
                                                            : DnsNameFaults(name);
  }

  void CheckName() {
    const std::string base = Text("generateName");
    if (!base.empty()) {
      std::string masked = base;
      if (base.size() > 1 && base.ends_with('-')) {
        masked = base.substr(0, base.size() - 2) + "a";  // what is put behind it ends it
      }
      Refuse("metadata.generateName", base, NameFaults(masked));
    }
    const std::string name = Text("name");
    if (name.empty()) {
      causes_.push_back({.field = "metadata.name",
                         .message = "Required value: name or generateName is required",
                         .reason = "FieldValueRequired"});
    } else {
      Refuse("metadata.name", name, NameFaults(name));
    }
  }

  /// The fields below one of metadata; none where it is no object.
  Json Fields(const char* field) const {
    const auto found = metadata_.find(field);
    return found != metadata_.end() && found->is_object() ? *found : Json::object();
  }

  void CheckLabels() {
    const Json labels = Fields("labels");
    for (const auto& [key, value] : labels.items()) {
      Refuse("metadata.labels", key, QualifiedNameFaults(key));
      if (value.is_string()) {
        const auto text = value.get<std::string>();
        Refuse("metadata.labels", text, LabelValueFaults(text));
      }
    }
  }

  void CheckAnnotations() {
    const Json annotations = Fields("annotations");
    for (const auto& annotation : annotations.items()) {
      Refuse("metadata.annotations", annotation.key(),
             QualifiedNameFaults(LowerCased(annotation.key())));
    }
  }

  void CheckOwners() {
    const auto owners = metadata_.find("ownerReferences");
    std::string controller;
    for (const Json& owner : owners == metadata_.end() ? Json::array() : *owners) {
      if (!owner.is_object()) {
        continue;
      }
      CheckOwner(owner);
      if (owner.value("controller", Json()) == true) {
        const std::string name = TextOf(owner, "kind") + "/" + TextOf(owner, "name");
        if (!controller.empty()) {
          RefuseOwner("", OwnersText(*owners),
                      "Only one reference can have Controller set to true. Found \"true\" in "
                      "references for " +
                          controller + " and " + name);
        } else {
          controller = name;
        }
      }
    }
  }

  void CheckOwner(const Json& owner) {
    const std::string version = TextOf(owner, "apiVersion");
    if (version.empty() || version.ends_with('/') ||
        std::count(version.begin(), version.end(), '/') > 1) {
      RefuseOwner(".apiVersion", QuotedValue(version), "version must not be empty");
    }
    for (const char* field : {"kind", "name", "uid"}) {
      if (TextOf(owner, field).empty()) {
        RefuseOwner(std::string(".") + field, "\"\"", std::string(field) + " must not be empty");
      }
    }
    if (version == "v1" && TextOf(owner, "kind") == "Event") {
      RefuseOwner("", OwnerText(owner), "/v1, Kind=Event is disallowed from being an owner");
    }
  }

  void RefuseOwner(const std::string& field, const std::string& shown, const std::string& fault) {
    if (causes_.size() < kMaxCauses) {
      causes_.push_back({.field = "metadata.ownerReferences" + field,
                         .message = "Invalid value: " + shown + ": " + fault,
                         .reason = "FieldValueInvalid"});
    }
  }

  /// The domain is missing of all but those that Kubernetes itself gives.
  void CheckDomains() {
    const std::vector<std::string> finalizers = Texts(metadata_, "finalizers");
    for (std::size_t index = 0; index < finalizers.size(); ++index) {
      if (NeedsDomain(finalizers[index])) {
        Refuse(("metadata.finalizers[" + std::to_string(index) + "]").c_str(), finalizers[index],
               {"name is neither a standard finalizer name nor is it fully qualified"});
      }
    }
  }

  void CheckFinalizers() {
    const std::vector<std::string> finalizers = Texts(metadata_, "finalizers");
    for (const std::string& finalizer : finalizers) {
      Refuse("metadata.finalizers", finalizer, QualifiedNameFaults(finalizer));
    }
    const auto has = [&](const char* name) {
      return std::find(finalizers.begin(), finalizers.end(), name) != finalizers.end();
    };
    if (has(kOrphanFinalizer) && has(kForegroundFinalizer)) {
      causes_.push_back({.field = "metadata.finalizers",
                         .message = "Invalid value: " + ListText(finalizers) +
                                    ": finalizer orphan and foregroundDeletion cannot be both set",
                         .reason = "FieldValueInvalid"});
    }
  }

  void Refuse(const char* field, const std::string& value, const std::vector<std::string>& faults) {
    for (const std::string& fault : faults) {
      if (causes_.size() < kMaxCauses) {
        causes_.push_back(InvalidValue(field, value, fault));
      }
    }
  }

  const KindInfo& kind_;
  const Json& metadata_;
  std::vector<Cause> causes_;
};

}  // namespace

std::vector<Cause> CheckMetadata(const KindInfo& kind, const Json& object) {
  const Json metadata = object.value("metadata", Json::object());
  return metadata.is_object() ? MetadataJudge(kind, metadata).Run() : std::vector<Cause>();
}

void WarnOfFinalizers(const KindInfo& kind, const Json* stored, const Json& object,
                      std::vector<std::string>& warnings) {
  if (!IsCustom(kind)) {
    return;
  }
  const std::vector<std::string> before =
      stored == nullptr ? std::vector<std::string>() : Texts((*stored)["metadata"], "finalizers");
  std::set<std::string> added;
  for (const std::string& finalizer : Texts(object["metadata"], "finalizers")) {
    if (std::find(before.begin(), before.end(), finalizer) == before.end()) {
      added.insert(finalizer);
    }
  }
  for (const std::string& finalizer : added) {
    if (NeedsDomain(finalizer)) {
      const bool dotted = finalizer.find('.') != std::string::npos;
      warnings.push_back("metadata.finalizers: " + QuotedValue(finalizer) +
                         ": prefer a domain-qualified finalizer name " +
                         (dotted ? "including a path (/) " : "") +
                         "to avoid accidental conflicts with other finalizer writers");
    }
  }
}

namespace {

/// Of an object that is being deleted.
std::vector<Cause> CheckNewFinalizers(const Json& before, const Json& after) {
  const std::vector<std::string> kept = Texts(before["metadata"], "finalizers");
  std::set<std::string> added;
  for (const std::string& finalizer : Texts(after["metadata"], "finalizers")) {
    if (std::find(kept.begin(), kept.end(), finalizer) == kept.end()) {
      added.insert(finalizer);
    }
  }
  if (added.empty()) {
    return {};
  }
  return {{.field = "metadata.finalizers",
           .message = "Forbidden: no new finalizers can be added if the object is being deleted, "
                      "found new finalizers " +
                      ListText({added.begin(), added.end()}),
           .reason = "FieldValueForbidden"}};
}

/// A value as messages show it; a time as Go prints it, `2026-01-01 00:00:00 +0000 UTC`.
std::string ShownField(const Json& value) {
  if (!value.is_string()) {
    return ShownValue(value);
  }
  const auto time = api::ParseTime(value.get_ref<const std::string&>());
  if (!time.has_value()) {
    return ShownValue(value);
  }
  std::string text = api::FormatTime(std::chrono::floor<std::chrono::seconds>(time.value()));
  text.replace(text.find('T'), 1, " ").replace(text.find('Z'), 1, " +0000 UTC");
  return text;
}

}  // namespace

std::vector<Cause> CheckMetadataChange(const Json& before, const Json& after) {
  std::vector<Cause> causes;
  for (const char* field : {"uid", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    const Json value = after["metadata"].value(field, Json());
    if (value != before["metadata"].value(field, Json())) {
      causes.push_back({.field = std::string("metadata.") + field,
                        .message = "Invalid value: " + ShownField(value) + ": field is immutable",
                        .reason = "FieldValueInvalid"});
    }
  }
  if (before["metadata"].contains("deletionTimestamp")) {
    const std::vector<Cause> more = CheckNewFinalizers(before, after);
    causes.insert(causes.end(), more.begin(), more.end());
  }
  return causes;
}

}  // namespace slipway::objects
