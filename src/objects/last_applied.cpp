#include "src/objects/last_applied.hpp"

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/typed_tree.hpp"

namespace slipway::objects {
namespace {

constexpr const char* kAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
/// All keys and values of an object's annotations.
constexpr std::size_t kMaxAnnotationBytes = 256 << 10;

/// The annotation; nullptr where there is none.
const std::string* AnnotationOf(const Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object() || !metadata->contains("annotations") ||
      !(*metadata)["annotations"].is_object()) {
    return nullptr;
  }
  const Json& annotations = (*metadata)["annotations"];
  const auto found = annotations.find(kAnnotation);
  return found != annotations.end() ? found->get_ptr<const std::string*>() : nullptr;
}

/// As Go prints JSON: what HTML gives a meaning to is escaped.
std::string EscapedForHtml(const std::string& json) {
  std::string text;
  for (const char letter : json) {
    if (letter == '<' || letter == '>' || letter == '&') {
      text += letter == '<' ? "\\u003c" : letter == '>' ? "\\u003e" : "\\u0026";
    } else {
      text += letter;
    }
  }
  return text;
}

}  // namespace

std::optional<Json> LastApplied(const KindInfo& kind, const Json& object) {
  const std::string* text = AnnotationOf(object);
  auto tree = text == nullptr || text->empty() ? Result<Json>(Json()) : ParseJson(*text);
  if (!tree.has_value() || !tree.value().is_object() ||
      tree.value().value("apiVersion", Json()) != kind.ApiVersion() ||
      tree.value().value("kind", Json()) != kind.kind ||
      !MisfitOf(kind.schema.root(), tree.value(), true).empty()) {
    return std::nullopt;
  }
  return std::move(tree.value());
}

void RenewLastApplied(const Json& configuration, Json& object) {
  const std::string* before = AnnotationOf(object);
  if (before == nullptr || before->empty()) {
    return;
  }
  Json applied = configuration;
  if (AnnotationOf(applied) != nullptr) {
    applied["metadata"]["annotations"].erase(kAnnotation);
  }
  Json& annotations = object["metadata"]["annotations"];
  annotations[kAnnotation] = EscapedForHtml(PrintJson(applied)) + "\n";
  std::size_t bytes = 0;
  for (const auto& [key, value] : annotations.items()) {
    bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  if (bytes > kMaxAnnotationBytes) {
    annotations.erase(kAnnotation);
  }
}

}  // namespace slipway::objects
