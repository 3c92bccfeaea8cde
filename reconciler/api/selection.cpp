#include "reconciler/api/selection.hpp"

#include <algorithm>

#include "reconciler/base/assert.hpp"

namespace slipway::api {
namespace {

bool Fits(const LabelExpression& expression, const std::map<std::string, std::string>& labels) {
  const auto label = labels.find(expression.key);
  const bool there = label != labels.end();
  const auto listed = [&] {
    return std::find(expression.values.begin(), expression.values.end(), label->second) !=
           expression.values.end();
  };
  switch (expression.operator_) {
    case LabelOperator::kIn:
      return there && listed();
    case LabelOperator::kNotIn:
      return !there || !listed();
    case LabelOperator::kExists:
      return there;
    case LabelOperator::kDoesNotExist:
      return !there;
  }
  SLIPWAY_UNREACHABLE("label operator outside the enum");
}

}  // namespace

bool Matches(const LabelSelector& selector, const std::map<std::string, std::string>& labels) {
  const bool equal = std::all_of(selector.match_labels.begin(), selector.match_labels.end(),
                                 [&](const auto& wanted) {
                                   const auto label = labels.find(wanted.first);
                                   return label != labels.end() && label->second == wanted.second;
                                 });
  return equal &&
         std::all_of(selector.match_expressions.begin(), selector.match_expressions.end(),
                     [&](const LabelExpression& expression) { return Fits(expression, labels); });
}

std::string NameFromAddress(std::string_view address) {
  std::string name;
  for (const char character : address) {
    const bool upper = character >= 'A' && character <= 'Z';
    const char lower = upper ? static_cast<char>(character - 'A' + 'a') : character;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    name += fits ? lower : '-';
  }
  const std::size_t first = name.find_first_not_of('-');
  if (first == std::string::npos) {
    return "";
  }
  return name.substr(first, name.find_last_not_of('-') - first + 1);
}

}  // namespace slipway::api
