#include "reconciler/rollout/selection.hpp"

#include <algorithm>

#include "reconciler/base/assert.hpp"

namespace slipway::rollout {
namespace {

/// nullptr where there is no such label.
const std::string* Find(const Labels& labels, const std::string& key) {
  for (const auto& [name, value] : labels) {
    if (name == key) {
      return &value;
    }
  }
  return nullptr;
}

bool Holds(const api::LabelExpression& expression, const Labels& labels) {
  const std::string* value = Find(labels, expression.key);
  const bool has = value != nullptr;
  const bool listed =
      has && std::ranges::find(expression.values, *value) != expression.values.end();
  switch (expression.operator_) {
    case api::LabelOperator::kIn:
      return listed;
    case api::LabelOperator::kNotIn:
      return !listed;
    case api::LabelOperator::kExists:
      return has;
    case api::LabelOperator::kDoesNotExist:
      return !has;
  }
  SLIPWAY_UNREACHABLE("label operator outside the enum");
}

}  // namespace

bool Selects(const api::LabelSelector& selector, const Labels& labels) {
  for (const auto& [key, value] : selector.match_labels) {
    const std::string* label = Find(labels, key);
    if (label == nullptr || *label != value) {
      return false;
    }
  }
  return std::ranges::all_of(
      selector.match_expressions,
      [&](const api::LabelExpression& expression) { return Holds(expression, labels); });
}

bool Selects(const api::ServerSelection& selection, const std::string& fleet,
             const Labels& labels) {
  if (selection.fleets.empty() && !selection.selector) {
    return false;
  }
  if (!selection.fleets.empty() &&
      std::ranges::find(selection.fleets, fleet) == selection.fleets.end()) {
    return false;
  }
  return !selection.selector || Selects(*selection.selector, labels);
}

}  // namespace slipway::rollout
