#include "src/apiserver/answer/presentation.hpp"

#include <nlohmann/json.hpp>
#include <span>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/answer/status_text.hpp"
#include "src/apiserver/pki/x509.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

constexpr const char* kInitialEventsEnd = "k8s.io/initial-events-end";

/// Tells a client that streams a list what the list around the objects would be.
constexpr const char* kListBlueprint = "kubernetes.io/initial-events-list-blueprint";

/// A list without items, in Base64.
std::string EmptyList(const objects::KindInfo& kind) {
  const Json list = {{"kind", kind.list_kind},
                     {"apiVersion", kind.ApiVersion()},
                     {"metadata", Json::object()},
                     {"items", Json::array()}};
  return Base64(PrintJson(list) + "\n");
}

const char* TypeName(ObjectWatch::Type type) {
  switch (type) {
    case ObjectWatch::Type::kAdded:
      return "ADDED";
    case ObjectWatch::Type::kModified:
      return "MODIFIED";
    case ObjectWatch::Type::kDeleted:
      return "DELETED";
  }
  SLIPWAY_UNREACHABLE("type of change outside the enum");
}

Result<std::string> OneRow(const objects::KindInfo& kind, const Object& object,
                           objects::IncludeObject include, Time now, bool with_columns) {
  SLIPWAY_TRY(tree, ParseObject(object));
  const Json metadata = {{"resourceVersion", std::to_string(object.revision())}};
  return PrintJson(
      objects::MakeTable(kind, std::span(&tree, 1), metadata, include, now, with_columns));
}

std::string Line(const char* type, const std::string& object) {
  return std::string("{\"type\":\"") + type + "\",\"object\":" + object + "}\n";
}

}  // namespace

Result<std::string> ShowObject(const objects::KindInfo& kind, const Object& object, Form form,
                               Time now) {
  if (form) {
    return OneRow(kind, object, *form, now, true);
  }
  return object.Text();
}

Result<std::string> ShowChange(const objects::KindInfo& kind, const ObjectWatch::Change& change,
                               Form form, Time now, bool with_columns) {
  if (form) {
    SLIPWAY_TRY(table, OneRow(kind, change.object, *form, now, with_columns));
    return Line(TypeName(change.type), table);
  }
  return Line(TypeName(change.type), change.object.Text());
}

std::string ShowBookmark(const objects::KindInfo& kind, store::Revision revision, Form form,
                         bool end_of_initial) {
  Json metadata = {{"resourceVersion", std::to_string(revision)}};
  if (end_of_initial) {
    metadata["annotations"] = {{kInitialEventsEnd, "true"}, {kListBlueprint, EmptyList(kind)}};
  }
  Json object = {{"kind", kind.kind}, {"apiVersion", kind.ApiVersion()}, {"metadata", metadata}};
  if (form) {
    const Json row = {{"cells", Json::array()}, {"object", object}};
    object = {{"kind", "Table"},
              {"apiVersion", "meta.k8s.io/v1"},
              {"metadata", {{"resourceVersion", std::to_string(revision)}}},
              {"rows", Json::array({row})}};
  }
  return Line("BOOKMARK", PrintJson(object));
}

std::string ShowWatchError(const Error& error) {
  return Line("ERROR", FailureStatus(error, nullptr));
}

}  // namespace slipway::apiserver
