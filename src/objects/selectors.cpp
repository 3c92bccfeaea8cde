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

/// A sign, a word, or "" at the end.
struct Token {
  enum class Type : std::uint8_t { kEnd, kWord, kSign };
  Type type = Type::kEnd;
  std::string_view text;
};

constexpr const char* kKeyRule =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with "
    "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation "
    "is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr const char* kNameRule =
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
    "prefix and "
    "'/' (e.g. 'example.com/MyName')";
constexpr const char* kValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and "
    "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    "'12345', "
    "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::size_t kMaxLabel = 63;
constexpr const char* kTooLong = "must be no more than 63 characters";

Error Found(std::string_view what, const std::string& expected) {
  return Fail(Code::kBadRequest, "found '" + std::string(what) + "', expected: " + expected);
}

/// Reads `labelSelector` from left to right. Its faults are told in the words of Kubernetes.
class LabelParser {
 public:
  explicit LabelParser(std::string_view text) : rest_(text) {}

  Result<std::vector<Requirement>> Run() {
    std::vector<Requirement> requirements;
    while (Peek().type != Token::Type::kEnd) {
      if (Peek().type != Token::Type::kWord && !IsNext("!")) {
        return Found(Peek().text, "!, identifier, or 'end of string'");
      }
      auto requirement = One();
      if (!requirement.has_value()) {
        return Fail(Code::kBadRequest,
                    "unable to parse requirement: " + requirement.error().message);
      }
      requirements.push_back(std::move(requirement.value()));
      SLIPWAY_TRYV(TakeComma());
    }
    return requirements;
  }

 private:
  Result<void> TakeComma() {
    if (Peek().type == Token::Type::kEnd) {
      return Ok();
    }
    if (const Token token = Next(); token.text != ",") {
      return Found(token.text, "',' or 'end of string'");
    }
    if (Peek().type != Token::Type::kWord && !IsNext("!")) {
      return Found(Peek().text, "identifier after ','");
    }
    return Ok();
  }

  Result<Requirement> One() {
    const bool negated = IsNext("!");
    if (negated) {
      Next();
    }
    const Token key = Next();
    if (key.type != Token::Type::kWord) {
      return Found(key.text, "identifier");
    }
    Requirement requirement{.key = std::string(key.text),
                            .op = negated ? Operator::kDoesNotExist : Operator::kExists,
                            .values = {}};
    if (!IsLabelKey(requirement.key)) {
      const bool parts = std::count(key.text.begin(), key.text.end(), '/') > 1;
      return Fail(Code::kBadRequest, "<nil>: Invalid value: \"" + requirement.key +
                                         "\": " + (parts ? kNameRule : kKeyRule));
    }
    if (negated || Peek().type == Token::Type::kEnd || IsNext(",")) {
      return requirement;
    }
    SLIPWAY_TRYV(TakeOperator(requirement));
    // A set, and so in order: a fault names the place in that.
    std::sort(requirement.values.begin(), requirement.values.end());
    SLIPWAY_TRYV(CheckValues(requirement));
    return requirement;
  }

  Result<void> TakeOperator(Requirement& requirement) {
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"in", Operator::kIn}, {"notin", Operator::kNotIn}, {"=", Operator::kIn},
        {"==", Operator::kIn}, {"!=", Operator::kNotIn},    {">", Operator::kGreater},
        {"<", Operator::kLess}};
    const Token token = Next();
    for (const auto& [sign, op] : kOperators) {
      if (token.text == sign) {
        requirement.op = op;
        return token.type == Token::Type::kWord ? TakeSet(requirement.values)
                                                : TakeValue(requirement.values);
      }
    }
    return Found(token.text, "in, notin, =, ==, !=, gt, lt");
  }

  Result<void> TakeValue(std::vector<std::string>& values) {
    if (Peek().type == Token::Type::kEnd || IsNext(",")) {
      values.emplace_back();
      return Ok();
    }
    const Token value = Next();
    if (value.type != Token::Type::kWord) {
      return Found(value.text, "identifier");
    }
    values.emplace_back(value.text);
    return Ok();
  }

  Result<void> TakeSet(std::vector<std::string>& values) {
    if (const Token token = Next(); token.text != "(") {
      return Fail(Code::kBadRequest, "found '" + std::string(token.text) + "' expected: '('");
    }
    if (Peek().type != Token::Type::kWord && !IsNext(",") && !IsNext(")")) {
      return Found(Peek().text, "',', ')' or identifier");
    }
    for (;;) {
      const bool word = Peek().type == Token::Type::kWord;
      values.emplace_back(word ? Next().text : "");
      const Token after = Next();
      if (after.text == ")") {
        return Ok();
      }
      if (after.text != ",") {
        return Found(after.text, word ? "',' or ')'" : "',', or identifier");
      }
    }
  }

  static Result<void> CheckValues(const Requirement& requirement) {
    for (std::size_t i = 0; i < requirement.values.size(); ++i) {
      const std::string& value = requirement.values[i];
      const std::string place = "values[" + std::to_string(i) + "]";
      const bool compares =
          requirement.op == Operator::kGreater || requirement.op == Operator::kLess;
      if (compares && !ParseNumber(value)) {
        return Fail(Code::kBadRequest,
                    place + ": Invalid value: \"" + value +
                        "\": for 'Gt', 'Lt' operators, the value must be an integer");
      }
      if (!IsLabelValue(value)) {
        return Fail(Code::kBadRequest,
                    place + "[" + requirement.key + "]: Invalid value: \"" + value +
                        "\": " + (value.size() > kMaxLabel ? kTooLong : kValueRule));
      }
    }
    return Ok();
  }

  bool IsNext(std::string_view sign) const {
    const Token token = Peek();
    return token.type == Token::Type::kSign && token.text == sign;
  }

  Token Next() {
    const Token token = Peek();
    rest_ = token.type == Token::Type::kEnd
                ? std::string_view()
                : rest_.substr(static_cast<std::size_t>(token.text.data() + token.text.size() -
                                                        rest_.data()));
    return token;
  }

  Token Peek() const {
    const std::size_t begin = rest_.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
      return {};
    }
    const std::string_view text = rest_.substr(begin);
    for (const std::string_view sign : {"==", "!=", "=", "!", "(", ")", ",", "<", ">"}) {
      if (text.starts_with(sign)) {
        return {Token::Type::kSign, text.substr(0, sign.size())};
      }
    }
    return {Token::Type::kWord, text.substr(0, text.find_first_of(" \t\r\n,()=!<>"))};
  }

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
