#include "src/objects/field_set.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

constexpr const char* kSelf = ".";

template <typename T>
int Sign(const T& left, const T& right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

FieldValue ValueOf(const Json& value) {
  if (value.is_string()) {
    return {value.get<std::string>()};
  }
  if (value.is_boolean()) {
    return {value.get<bool>()};
  }
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) {
    return {value.get<double>()};
  }
  if (value.is_number_integer()) {
    return {value.get<std::int64_t>()};
  }
  if (value.is_number()) {
    return {value.get<double>()};
  }
  if (value.is_structured()) {
    return {FieldValue::Composite{value.is_array(), PrintJson(value)}};
  }
  return {nullptr};
}

/// Numbers come first, then texts, truth values, lists, objects, nothing.
int RankOf(const FieldValue& value) {
  if (const auto* composite = std::get_if<FieldValue::Composite>(&value.held)) {
    return composite->list ? 4 : 5;
  }
  if (std::holds_alternative<std::nullptr_t>(value.held)) {
    return 6;
  }
  return std::max(static_cast<int>(value.held.index()), 1);
}

double NumberIn(const FieldValue& value) {
  const auto* whole = std::get_if<std::int64_t>(&value.held);
  return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value.held);
}

int CompareValues(const FieldValue& left, const FieldValue& right) {
  const int rank = RankOf(left);
  if (rank != RankOf(right)) {
    return Sign(rank, RankOf(right));
  }
  if (left.held.index() != right.held.index()) {
    return Sign(NumberIn(left), NumberIn(right));
  }
  return std::visit(
      [&](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        const auto& other = std::get<Held>(right.held);
        if constexpr (std::is_same_v<Held, FieldValue::Composite>) {
          return Sign(held.json, other.json);
        } else if constexpr (std::is_same_v<Held, std::nullptr_t>) {
          return 0;
        } else {
          return Sign(held, other);
        }
      },
      left.held);
}

/// JSON text as Go writes it into a key: no control character has a name of its own but three, and
/// what HTML gives a meaning to is escaped.
std::string GoJsonText(const std::string& text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      out += {'\\', letter};
    } else if (letter == '\n' || letter == '\r' || letter == '\t') {
      out += {'\\', letter == '\n' ? 'n' : letter == '\r' ? 'r' : 't'};
    } else if (byte < 0x20 || letter == '<' || letter == '>' || letter == '&') {
      out += {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      out += letter;
    }
  }
  return out + "\"";
}

std::string JsonTextOf(const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.held)) {
    return GoJsonText(*text);
  }
  if (const auto* composite = std::get_if<FieldValue::Composite>(&value.held)) {
    return composite->json;
  }
  if (const auto* truth = std::get_if<bool>(&value.held)) {
    return *truth ? "true" : "false";
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value.held)) {
    return std::to_string(*whole);
  }
  if (const auto* number = std::get_if<double>(&value.held)) {
    return PrintJson(Json(*number));
  }
  return "null";
}

/// A list or an object as a path shows it: an object has no braces.
std::string ShownTree(const Json& tree) {
  if (tree.is_string()) {
    return Quoted(tree.get<std::string>());
  }
  if (!tree.is_structured()) {
    return PrintJson(tree);
  }
  std::string text;
  for (const auto& [name, value] : tree.items()) {
    text += tree.is_object() ? name + "=" : text.empty() ? "" : ",";
    text += ShownTree(value);
  }
  return tree.is_object() ? text : "[" + text + "]";
}

std::string ShownPathValue(const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.held)) {
    return Quoted(*text);
  }
  std::string json = JsonTextOf(value);
  if (!std::holds_alternative<FieldValue::Composite>(value.held)) {
    return json;
  }
  const auto tree = ParseJson(json);  // which bounds how deep it is
  return tree.has_value() ? ShownTree(tree.value()) : json;
}

Error MalformedPath(const std::string& text) {
  return Fail(Code::kBadRequest, "parsing key as path element: " + Quoted(text));
}

FieldSet Opened(const std::shared_ptr<const FieldSet>& below) {
  return below == nullptr ? FieldSet() : *below;
}

}  // namespace

PathElement PathElement::Field(std::string name) {
  PathElement element(Kind::kField);
  element.name_ = std::move(name);
  return element;
}

PathElement PathElement::Key(const Json& key) {
  PathElement element(Kind::kKey);
  for (const auto& [name, value] : key.items()) {
    element.values_.emplace_back(name, ValueOf(value));
  }
  return element;
}

PathElement PathElement::Value(const Json& value) {
  PathElement element(Kind::kValue);
  element.values_.emplace_back("", ValueOf(value));
  return element;
}

Result<std::optional<PathElement>> PathElement::Parse(const std::string& text) {
  if (text.size() < 2 || text[1] != ':') {
    return MalformedPath(text);
  }
  const std::string_view rest = std::string_view(text).substr(2);
  switch (text[0]) {
    case 'f':
      return std::optional(Field(std::string(rest)));
    case 'v': {
      const auto value = ParseJson(rest);
      return value.has_value() ? Result<std::optional<PathElement>>(Value(value.value()))
                               : MalformedPath(text);
    }
    case 'k': {
      const auto key = ParseJson(rest);
      const bool good = key.has_value() && key.value().is_object();
      return good ? Result<std::optional<PathElement>>(Key(key.value())) : MalformedPath(text);
    }
    case 'i': {
      std::int64_t index = 0;
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
      if (error != std::errc() || end != rest.data() + rest.size()) {
        return MalformedPath(text);
      }
      PathElement element(Kind::kIndex);
      element.values_.emplace_back("", FieldValue{index});
      return std::optional(std::move(element));
    }
    default:
      return std::optional<PathElement>();
  }
}

std::string PathElement::Written() const {
  switch (kind_) {
    case Kind::kField:
      return "f:" + name_;
    case Kind::kValue:
      return "v:" + JsonTextOf(values_.front().second);
    case Kind::kIndex:
      return "i:" + JsonTextOf(values_.front().second);
    case Kind::kKey:
      break;
  }
  std::string text = "k:{";
  for (const auto& [name, value] : values_) {
    text += (text.back() == '{' ? "" : ",") + GoJsonText(name) + ":" + JsonTextOf(value);
  }
  return text + "}";
}

std::string PathElement::Text() const {
  switch (kind_) {
    case Kind::kField:
      return "." + name_;
    case Kind::kValue:
      return "[=" + ShownPathValue(values_.front().second) + "]";
    case Kind::kIndex:
      return "[" + ShownPathValue(values_.front().second) + "]";
    case Kind::kKey:
      break;
  }
  std::string text = "[";
  for (const auto& [name, value] : values_) {
    text.append(text.size() == 1 ? "" : ",").append(name).append("=").append(ShownPathValue(value));
  }
  return text + "]";
}

int PathElement::Compare(const PathElement& other) const {
  if (kind_ != other.kind_) {
    return Sign(kind_, other.kind_);
  }
  if (kind_ == Kind::kField) {
    return name_.compare(other.name_);
  }
  for (std::size_t i = 0; i < std::min(values_.size(), other.values_.size()); ++i) {
    const int name = values_[i].first.compare(other.values_[i].first);
    const int order = name != 0 ? name : CompareValues(values_[i].second, other.values_[i].second);
    if (order != 0) {
      return order;
    }
  }
  return Sign(values_.size(), other.values_.size());
}

Result<FieldSet> FieldSet::Read(const Json& fields) {
  if (!fields.is_object()) {
    return Fail(Code::kBadRequest, "a set of fields must be an object");
  }
  std::vector<Node> nodes;
  for (const auto& [key, value] : fields.items()) {
    if (key == kSelf) {
      continue;
    }
    SLIPWAY_TRY(element, PathElement::Parse(key));
    if (!element) {
      continue;
    }
    SLIPWAY_TRY(below, Read(value));
    const bool member = below.empty() || value.contains(kSelf);
    nodes.push_back(NodeOf(std::move(*element), member, std::move(below)));
  }
  return Of(std::move(nodes));
}

Json FieldSet::Write() const {
  Json fields = Json::object();
  for (const Node& node : nodes_) {
    Json& below = fields[node.element.Written()];
    below = node.below == nullptr ? Json::object() : node.below->Write();
    if (node.member && node.below != nullptr) {
      below[kSelf] = Json::object();
    }
  }
  return fields;
}

FieldSet::Node FieldSet::NodeOf(PathElement element, bool member, FieldSet below) {
  auto shared = below.empty() ? nullptr : std::make_shared<const FieldSet>(std::move(below));
  return {std::move(element), member, std::move(shared)};
}

FieldSet FieldSet::Of(std::vector<Node> nodes) {
  const auto before = [](const Node& left, const Node& right) {
    return left.element < right.element;
  };
  if (!std::is_sorted(nodes.begin(), nodes.end(), before)) {
    std::stable_sort(nodes.begin(), nodes.end(), before);
  }
  FieldSet set;
  for (Node& node : nodes) {
    if (set.nodes_.empty() || set.nodes_.back().element < node.element) {
      set.Append(std::move(node));
      continue;
    }
    Node& same = set.nodes_.back();
    same = NodeOf(same.element, same.member || node.member,
                  Opened(same.below).Union(Opened(node.below)));
  }
  return set;
}

void FieldSet::Append(Node node) {
  if (node.member || node.below != nullptr) {
    nodes_.push_back(std::move(node));
  }
}

namespace {

std::vector<FieldSet::Node>::const_iterator Find(const std::vector<FieldSet::Node>& nodes,
                                                 const PathElement& element) {
  const auto found = std::lower_bound(
      nodes.begin(), nodes.end(), element,
      [](const FieldSet::Node& node, const PathElement& wanted) { return node.element < wanted; });
  return found != nodes.end() && found->element == element ? found : nodes.end();
}

}  // namespace

const FieldSet* FieldSet::Below(const PathElement& element) const {
  const auto found = Find(nodes_, element);
  return found == nodes_.end() ? nullptr : found->below.get();
}

bool FieldSet::HasMember(const PathElement& element) const {
  const auto found = Find(nodes_, element);
  return found != nodes_.end() && found->member;
}

FieldSet FieldSet::Union(const FieldSet& other) const {
  FieldSet out;
  auto mine = nodes_.begin();
  auto theirs = other.nodes_.begin();
  while (mine != nodes_.end() || theirs != other.nodes_.end()) {
    const int order = mine == nodes_.end()           ? 1
                      : theirs == other.nodes_.end() ? -1
                                                     : mine->element.Compare(theirs->element);
    if (order != 0) {
      out.nodes_.push_back(order < 0 ? *mine++ : *theirs++);
      continue;
    }
    out.Append(NodeOf(mine->element, mine->member || theirs->member,
                      Opened(mine->below).Union(Opened(theirs->below))));
    ++mine;
    ++theirs;
  }
  return out;
}

FieldSet FieldSet::Intersection(const FieldSet& other) const {
  FieldSet out;
  auto theirs = other.nodes_.begin();
  for (const Node& node : nodes_) {
    while (theirs != other.nodes_.end() && theirs->element < node.element) {
      ++theirs;
    }
    if (theirs != other.nodes_.end() && theirs->element == node.element) {
      out.Append(NodeOf(node.element, node.member && theirs->member,
                        Opened(node.below).Intersection(Opened(theirs->below))));
    }
  }
  return out;
}

FieldSet FieldSet::Difference(const FieldSet& other) const {
  FieldSet out;
  auto theirs = other.nodes_.begin();
  for (const Node& node : nodes_) {
    while (theirs != other.nodes_.end() && theirs->element < node.element) {
      ++theirs;
    }
    if (theirs == other.nodes_.end() || !(theirs->element == node.element)) {
      out.nodes_.push_back(node);
    } else {
      out.Append(NodeOf(node.element, node.member && !theirs->member,
                        Opened(node.below).Difference(Opened(theirs->below))));
    }
  }
  return out;
}

FieldSet FieldSet::RecursiveDifference(const FieldSet& other) const {
  FieldSet out;
  auto theirs = other.nodes_.begin();
  for (const Node& node : nodes_) {
    while (theirs != other.nodes_.end() && theirs->element < node.element) {
      ++theirs;
    }
    if (theirs == other.nodes_.end() || !(theirs->element == node.element)) {
      out.nodes_.push_back(node);
    } else if (!theirs->member) {
      out.Append(NodeOf(node.element, node.member,
                        Opened(node.below).RecursiveDifference(Opened(theirs->below))));
    }
  }
  return out;
}

void FieldSet::ForEach(const std::function<void(const std::string& path)>& call) const {
  ForEach("", call);
}

void FieldSet::ForEach(const std::string& prefix,
                       const std::function<void(const std::string& path)>& call) const {
  for (const Node& node : nodes_) {
    if (node.member) {
      call(prefix + node.element.Text());
    }
  }
  for (const Node& node : nodes_) {
    if (node.below != nullptr) {
      node.below->ForEach(prefix + node.element.Text(), call);
    }
  }
}

}  // namespace slipway::objects
