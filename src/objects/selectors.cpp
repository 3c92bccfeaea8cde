#include "src/objects/selectors.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "reconciler/base/assert.hpp"
#include "src/objects/label_syntax.hpp"

namespace slipway::objects {
namespace {

using Json = nlohmann::json;
using Requirement = LabelSelector::Requirement;
using Operator = LabelSelector::Operator;

Error NoSelector(std::string_view text, const std::string& why) {
  return Fail(Code::kBadRequest,
              "the selector \"" + std::string(text.substr(0, 200)) + "\" cannot be understood: " +
                  why + ". Such are allowed: a=b, a!=b, a in (b,c), a notin (b,c), a, !a");
}

std::optional<std::int64_t> ParseNumber(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

/// Whether both are integers and `left` is the larger one.
bool IsMore(const std::string& left, const std::string& right) {
  const auto first = ParseNumber(left);
  const auto second = ParseNumber(right);
  return first.has_value() && second.has_value() && first.value() > second.value();
}

/// Reads `labelSelector` from left to right.
class LabelParser {
 public:
  explicit LabelParser(std::string_view text) : text_(text), rest_(text) {}

  Result<std::vector<Requirement>> Run() {
    std::vector<Requirement> requirements;
    SkipSpace();
    while (!rest_.empty()) {
      SLIPWAY_TRY(requirement, One());
      requirements.push_back(std::move(requirement));
      SkipSpace();
      if (rest_.empty()) {
        break;
      }
      if (!Take(",")) {
        return NoSelector(text_, "a comma is missing before \"" + std::string(rest_) + "\"");
      }
      SkipSpace();
      if (rest_.empty()) {
        return NoSelector(text_, "it ends with a comma");
      }
    }
    return requirements;
  }

 private:
  Result<Requirement> One() {
    const bool negated = Take("!");
    SkipSpace();
    Requirement requirement{
        .key = Word(), .op = negated ? Operator::kDoesNotExist : Operator::kExists, .values = {}};
    if (!IsLabelKey(requirement.key)) {
      return NoSelector(text_, "\"" + requirement.key + "\" is no name of a label");
    }
    SkipSpace();
    if (negated || rest_.empty() || rest_.front() == ',') {
      return requirement;
    }
    SLIPWAY_TRYV(TakeOperator(requirement));
    for (const std::string& value : requirement.values) {
      if (!IsLabelValue(value)) {
        return NoSelector(text_, "\"" + value + "\" is no value of a label");
      }
    }
    return requirement;
  }

  Result<void> TakeOperator(Requirement& requirement) {
    const std::pair<std::string_view, Operator> comparisons[] = {{"==", Operator::kIn},
                                                                 {"=", Operator::kIn},
                                                                 {"!=", Operator::kNotIn},
                                                                 {">", Operator::kGreater},
                                                                 {"<", Operator::kLess}};
    for (const auto& [sign, op] : comparisons) {
      if (Take(sign)) {
        SkipSpace();
        requirement.op = op;
        requirement.values.push_back(Word());
        const bool compares = op == Operator::kGreater || op == Operator::kLess;
        if (compares && !ParseNumber(requirement.values.front())) {
          return NoSelector(text_, std::string(sign) + " needs an integer");
        }
        return Ok();
      }
    }
    const std::string word = Word();
    if (word != "in" && word != "notin") {
      return NoSelector(
          text_, "\"" + word + std::string(rest_) + "\" follows \"" + requirement.key + "\"");
    }
    requirement.op = word == "in" ? Operator::kIn : Operator::kNotIn;
    return TakeSet(requirement.values);
  }

  Result<void> TakeSet(std::vector<std::string>& values) {
    SkipSpace();
    if (!Take("(")) {
      return NoSelector(text_, "a set in parentheses is missing");
    }
    while (true) {
      SkipSpace();
      values.push_back(Word());
      SkipSpace();
      if (Take(")")) {
        return Ok();
      }
      if (!Take(",")) {
        return NoSelector(text_, "the set is not closed");
      }
    }
  }

  std::string Word() {
    const std::size_t end = std::min(rest_.find_first_of(" \t\n,()=!<>"), rest_.size());
    const std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }

  bool Take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) {
      return false;
    }
    rest_.remove_prefix(prefix.size());
    return true;
  }

  void SkipSpace() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
  }

  std::string_view text_;
  std::string_view rest_;
};

bool Fits(const Requirement& requirement, const Json* label) {
  const std::string* value =
      label != nullptr && label->is_string() ? &label->get_ref<const std::string&>() : nullptr;
  const auto& values = requirement.values;
  const bool listed =
      value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
  switch (requirement.op) {
    case Operator::kIn:
      return listed;
    case Operator::kNotIn:
      return !listed;
    case Operator::kExists:
      return value != nullptr;
    case Operator::kDoesNotExist:
      return value == nullptr;
    case Operator::kGreater:
      return value != nullptr && IsMore(*value, values.front());
    case Operator::kLess:
      return value != nullptr && IsMore(values.front(), *value);
  }
  SLIPWAY_UNREACHABLE("label operator outside the enum");
}

/// The text at a path such as `status.phase`; "" where there is none.
std::string TextAt(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (true) {
    const std::size_t dot = path.find('.');
    const auto found = at->is_object() ? at->find(path.substr(0, dot)) : at->end();
    if (!at->is_object() || found == at->end()) {
      return "";
    }
    at = &*found;
    if (dot == std::string_view::npos) {
      return at->is_string() ? at->get<std::string>() : at->dump();
    }
    path.remove_prefix(dot + 1);
  }
}

bool Offers(const KindInfo& kind, const std::string& path) {
  return path == "metadata.name" || (path == "metadata.namespace" && kind.namespaced) ||
         std::find(kind.field_labels.begin(), kind.field_labels.end(), path) !=
             kind.field_labels.end();
}

/// What Kubernetes says of a field that a selector may not ask for: something else of its own kinds.
std::string NotOffered(const KindInfo& kind, const std::string& path) {
  return kind.group.ends_with("slipway.dev") || !kind.field_labels.empty()
             ? "field label not supported: " + path
             : "\"" + path +
                   "\" is not a known field selector: only \"metadata.name\", "
                   "\"metadata.namespace\"";
}

/// Splits at commas that no backslash protects; the backslashes stay.
std::vector<std::string> SplitTerms(std::string_view text) {
  std::vector<std::string> terms(1);
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] == ',') {
      terms.emplace_back();
      continue;
    }
    terms.back() += text[index];
    if (text[index] == '\\' && index + 1 < text.size()) {
      terms.back() += text[++index];
    }
  }
  std::erase(terms, "");
  return terms;
}

std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t index = 0; index < text.size(); ++index) {
    index += text[index] == '\\' && index + 1 < text.size() ? 1 : 0;
    plain += text[index];
  }
  return plain;
}

}  // namespace

Result<LabelSelector> LabelSelector::Parse(std::string_view text) {
  SLIPWAY_TRY(requirements, LabelParser(text).Run());
  LabelSelector selector;
  selector.requirements_ = std::move(requirements);
  return selector;
}

bool LabelSelector::Matches(const Json& object) const {
  const auto labels = Json::json_pointer("/metadata/labels");
  const Json* found = object.contains(labels) ? &object[labels] : nullptr;
  return std::all_of(
      requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
        const bool there =
            found != nullptr && found->is_object() && found->contains(requirement.key);
        return Fits(requirement, there ? &(*found)[requirement.key] : nullptr);
      });
}

Result<FieldSelector> FieldSelector::Parse(const KindInfo& kind, std::string_view text) {
  FieldSelector selector;
  for (const std::string& term : SplitTerms(text)) {
    const std::size_t sign = term.find_first_of("!=");
    const bool differs = sign != std::string::npos && term.compare(sign, 2, "!=") == 0;
    const bool doubled = sign != std::string::npos && term.compare(sign, 2, "==") == 0;
    if (sign == std::string::npos || (term[sign] == '!' && !differs)) {
      return Fail(Code::kBadRequest,
                  "invalid selector: '" + std::string(text) + "'; can't understand '" + term + "'");
    }
    const std::string path = term.substr(0, sign);
    if (!Offers(kind, path)) {
      return Fail(Code::kBadRequest, NotOffered(kind, path));
    }
    const std::string value =
        Unescape(std::string_view(term).substr(sign + (differs || doubled ? 2 : 1)));
    selector.terms_.push_back({.path = path, .value = value, .equal = !differs});
  }
  return selector;
}

bool FieldSelector::Matches(const Json& object) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    return (TextAt(object, term.path) == term.value) == term.equal;
  });
}

std::string_view FieldSelector::RequiredName() const {
  for (const Term& term : terms_) {
    if (term.equal && term.path == "metadata.name") {
      return term.value;
    }
  }
  return "";
}

}  // namespace slipway::objects
