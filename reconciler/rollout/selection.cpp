#include "reconciler/rollout/selection.hpp"

#include <algorithm>

#include "reconciler/base/assert.hpp"

namespace slipway::rollout {
namespace {

bool Holds(const api::LabelExpression& expression,
           const std::map<std::string, std::string>& labels) {
  const auto label = labels.find(expression.key);
  const bool has = label != labels.end();
  const bool listed =
      has && std::ranges::find(expression.values, label->second) != expression.values.end();
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

bool Selects(const api::LabelSelector& selector, const std::map<std::string, std::string>& labels) {
  for (const auto& [key, value] : selector.match_labels) {
    const auto label = labels.find(key);
    if (label == labels.end() || label->second != value) {
      return false;
    }
  }
  return std::ranges::all_of(
      selector.match_expressions,
      [&](const api::LabelExpression& expression) { return Holds(expression, labels); });
}

bool Selects(const api::ServerSelection& selection, const std::string& fleet,
             const std::map<std::string, std::string>& labels) {
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
