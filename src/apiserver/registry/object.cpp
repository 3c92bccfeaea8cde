#include "src/apiserver/registry/object.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

constexpr std::string_view kMetadata = "\"metadata\":{";

}  // namespace

void Object::AppendTo(std::string& out) const {
  if (revision_ == 0) {
    out.append(*value_);
    return;
  }
  // apiVersion and kind come first and hold no quotes, so the first match is the right one.
  const std::size_t found = value_->find(kMetadata);
  SLIPWAY_ASSERT(found != std::string::npos, "stored object without metadata");
  const std::size_t hole = found + kMetadata.size();
  const bool alone = (*value_)[hole] == '}';
  out.append(*value_, 0, hole);
  out.append("\"resourceVersion\":\"")
      .append(std::to_string(revision_))
      .append(alone ? "\"" : "\",");
  out.append(*value_, hole);
}

void Object::AppendItemTo(std::string& out) const {
  const std::size_t begin = out.size();
  AppendTo(out);
  const std::size_t found = out.find(kMetadata, begin);
  SLIPWAY_ASSERT(found != std::string::npos, "stored object without metadata");
  out.erase(begin + 1, found - begin - 1);
}

std::string Object::Text() const {
  std::string text;
  text.reserve(value_->size() + 48);
  AppendTo(text);
  return text;
}

store::Value StoredBytes(objects::Json tree, bool unsettled) {
  tree["metadata"].erase("resourceVersion");
  std::string text = "{";
  for (const char* field : {"apiVersion", "kind", "metadata"}) {
    text.append(text.size() > 1 ? ",\"" : "\"").append(field).append("\":");
    text += PrintJson(tree[field]);
    tree.erase(field);
  }
  const std::string rest = PrintJson(tree);
  text.append(tree.empty() ? "" : ",").append(rest, 1).append(unsettled ? " " : "");
  return std::make_shared<const std::string>(std::move(text));
}

bool IsUnsettled(const std::string& bytes) { return bytes.ends_with(' '); }

Result<objects::Json> ParseObject(const Object& object) {
  return objects::ParseJson(object.Text());
}

}  // namespace slipway::apiserver
