#include "src/objects/metadata_rules.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "src/objects/cause_words.hpp"
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

class MetadataJudge {
 public:
  MetadataJudge(const KindInfo& kind, const Json& metadata) : kind_(kind), metadata_(metadata) {}

  std::vector<Cause> Run() {
    CheckName();
    CheckLabels();
    CheckAnnotations();
    CheckFinalizers();
    return std::move(causes_);
  }

 private:
  std::string Text(const char* field) const {
    const auto found = metadata_.find(field);
    return found != metadata_.end() && found->is_string() ? found->get<std::string>() : "";
  }

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

  void CheckFinalizers() {
    const std::vector<std::string> finalizers = Texts(metadata_, "finalizers");
    for (const std::string& finalizer : finalizers) {
      Refuse("metadata.finalizers", finalizer, QualifiedNameFaults(finalizer));
    }
    const auto has = [&](const char* name) {
      return std::find(finalizers.begin(), finalizers.end(), name) != finalizers.end();
    };
    if (has("orphan") && has("foregroundDeletion")) {
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

}  // namespace

std::vector<Cause> CheckMetadataChange(const Json& before, const Json& after) {
  std::vector<Cause> causes;
  if (after["metadata"].value("uid", Json()) != before["metadata"].value("uid", Json())) {
    causes.push_back(InvalidValue("metadata.uid", after["metadata"]["uid"], "field is immutable"));
  }
  if (before["metadata"].contains("deletionTimestamp")) {
    const std::vector<Cause> more = CheckNewFinalizers(before, after);
    causes.insert(causes.end(), more.begin(), more.end());
  }
  return causes;
}

}  // namespace slipway::objects
