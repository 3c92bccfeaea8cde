#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/objects/schema.hpp"

namespace slipway::objects {

/// A column of `kubectl get`. `json_path` is a path such as `.spec.url`, or text with paths in
/// braces.
struct PrinterColumn {
  std::string name;
  std::string
      type;  ///< string, integer, number, boolean or date; reference: `Kind/name`, shown as `kind/name`
  std::string description;
  std::string json_path;
  int priority = 0;  ///< above 0: only in wide output
};

/// One kind that the API serves.
struct KindInfo {
  std::string group;  ///< "" for the core kinds
  std::string version;
  std::string kind;
  std::string list_kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool has_status = false;      ///< the status subresource; a main write does not touch status then
  bool has_generation = false;  ///< metadata.generation counts the changes of what is wanted
  std::vector<std::string> verbs;  ///< what clients can ask for, in Kubernetes' words, sorted
  std::string refusal;             ///< why they can ask for no more; empty: it goes without saying
  std::vector<PrinterColumn> columns;
  std::vector<std::string>
      field_labels;  ///< what a field selector may ask for, metadata.name and .namespace apart
  Schema schema;
  std::string
      definition;  ///< the CustomResourceDefinition as JSON text; for core kinds the same form

  /// "slipway.dev/v1alpha1", or "v1" for the core group.
  std::string ApiVersion() const;
  /// "applications.slipway.dev", or "secrets" for the core group: how messages name it.
  std::string QualifiedPlural() const;
  /// Whether clients can ask for this at all; who may is another matter.
  bool Offers(std::string_view verb) const;
};

/// Whether a kind is one of crd/, and not one that every Kubernetes has.
bool IsCustom(const KindInfo& kind);

/// The kinds of crd/ and core/ that clients see, ordered by group, then plural. Made at the first call; lives as
/// long as the process.
const std::vector<KindInfo>& AllKinds();

/// The kinds that only the server itself reads and writes.
const std::vector<KindInfo>& HiddenKinds();

/// nullptr where there is no such kind.
const KindInfo* FindByPlural(std::string_view group, std::string_view version,
                             std::string_view plural);
const KindInfo* FindByKind(std::string_view api_version, std::string_view kind);

/// By what people type: kind, plural, singular or short name, in any case, with or without
/// ".group".
const KindInfo* FindByAnyName(std::string_view name);

}  // namespace slipway::objects
