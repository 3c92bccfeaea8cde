#include "src/apiserver/registry/selection.hpp"

#include <nlohmann/json.hpp>

#include "src/apiserver/registry/keys.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {

Result<Selection> Selection::Parse(const objects::KindInfo& kind, const Selectors& selectors) {
  Selection selection;
  SLIPWAY_TRY(labels, objects::LabelSelector::Parse(selectors.label));
  SLIPWAY_TRY(fields, objects::FieldSelector::Parse(kind, selectors.field));
  selection.labels_ = std::move(labels);
  selection.fields_ = std::move(fields);
  return selection;
}

bool Selection::Matches(std::string_view key, const store::Value& value) const {
  if (value == nullptr || (!RequiredName().empty() && RequiredName() != NameOfKey(key))) {
    return false;
  }
  if (empty()) {
    return true;
  }
  const auto tree = fields_.empty() ? objects::ReadParts(*value, {"/metadata/labels"})
                                    : objects::ParseJson(*value);
  return tree.has_value() && labels_.Matches(tree.value()) && fields_.Matches(tree.value());
}

}  // namespace slipway::apiserver
