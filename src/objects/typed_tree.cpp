#include "src/objects/typed_tree.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

using Nodes = std::vector<FieldSet::Node>;

/// How a value is owned. A leaf has one owner as a whole.
enum class Form : std::uint8_t { kLeaf, kFields, kItems };

/// `schema` is nullptr where nothing is known.
Form FormOf(const SchemaNode* schema, const Json* value, const Json* other) {
  if (schema == nullptr) {
    const bool fields = (value != nullptr && value->is_object()) ||
                        ((value == nullptr || value->is_null()) &&
                         (other == nullptr || other->is_null() || other->is_object()));
    return fields ? Form::kFields : Form::kLeaf;
  }
  if (schema->type == NodeType::kObject) {
    return schema->atomic ? Form::kLeaf : Form::kFields;
  }
  const bool list = schema->type == NodeType::kArray && schema->list_type != ListType::kAtomic;
  return list ? Form::kItems : Form::kLeaf;
}

const SchemaNode* NamedField(const SchemaNode* schema, const std::string& name) {
  if (schema == nullptr) {
    return nullptr;
  }
  const auto found = schema->properties.find(name);
  return found == schema->properties.end() ? nullptr : found->second.get();
}

const SchemaNode* AnyField(const SchemaNode* schema, const std::string& name) {
  const SchemaNode* named = NamedField(schema, name);
  return named != nullptr || schema == nullptr ? named : schema->additional.get();
}

/// Whether an object of this schema may have fields that it does not name.
bool IsFree(const SchemaNode& schema) {
  return schema.properties.empty() && schema.additional == nullptr;
}

const Json* Found(const Json* tree, const std::string& name) {
  if (tree == nullptr || !tree->is_object()) {
    return nullptr;
  }
  const auto field = tree->find(name);
  return field == tree->end() ? nullptr : &*field;
}

bool IsEmpty(const Json* value) {
  return value == nullptr || !value->is_structured() || value->empty();
}

/// What tells an item of a set or a map from the others; or why nothing does.
Result<PathElement> ItemElement(const SchemaNode& list, const Json& item) {
  if (list.list_type == ListType::kSet) {
    if (item.is_structured() || item.is_null()) {
      return Fail(Code::kInvalid,
                  item.is_object()
                      ? "associative list without keys has an element that's a map type"
                  : item.is_array()
                      ? "not supported: associative list with lists as elements"
                      : "associative list without keys has an element that's an explicit null");
    }
    return PathElement::Value(item);
  }
  if (!item.is_object()) {
    return Fail(Code::kInvalid, item.is_null()
                                    ? "associative list with keys may not have a null element"
                                    : "associative list with keys may not have non-map elements");
  }
  Json key = Json::object();
  for (const std::string& name : list.map_keys) {
    const Json* value = Found(&item, name);
    const SchemaNode* schema = NamedField(list.items.get(), name);
    if (value == nullptr && schema != nullptr) {
      value = schema->initial.get();
    }
    if (value == nullptr) {
      return Fail(Code::kInvalid,
                  "associative list with keys has an element that omits key field " + Quoted(name) +
                      " (and doesn't have default value)");
    }
    key[name] = *value;
  }
  return PathElement::Key(key);
}

/// The items of a list by what tells them apart, in the order of the list. Those that nothing tells
/// apart are left out.
struct IndexedList {
  std::vector<std::pair<PathElement, const Json*>> items;
  std::map<PathElement, std::vector<const Json*>> by_element;

  IndexedList(const SchemaNode& schema, const Json* list) {
    if (list == nullptr || !list->is_array()) {
      return;
    }
    for (const Json& item : *list) {
      auto element = ItemElement(schema, item);
      if (element.has_value()) {
        by_element[element.value()].push_back(&item);
        items.emplace_back(std::move(element.value()), &item);
      }
    }
  }

  bool Has(const PathElement& element) const { return by_element.contains(element); }

  /// The one item; nullptr where there is none.
  const Json* Only(const PathElement& element) const {
    static const Json kNull;
    const auto found = by_element.find(element);
    if (found == by_element.end()) {
      return nullptr;
    }
    return found->second.size() == 1 ? found->second.front() : &kNull;
  }
};

// -- what does not fit ----------------------------------------------------------------------------

class MisfitFinder {
 public:
  explicit MisfitFinder(bool unique) : unique_(unique) {}

  std::string Run(const SchemaNode& schema, const Json& tree) {
    Check(&schema, tree, "");
    if (found_.size() < 2) {
      return found_.empty() ? "" : found_.front();
    }
    std::string all = "errors:";
    for (const std::string& one : found_) {
      all += "\n  " + one;
    }
    return all;
  }

 private:
  static constexpr std::size_t kMaxMisfits = 100;

  void Report(const std::string& path, const std::string& message) {
    if (found_.size() < kMaxMisfits) {
      found_.push_back(path.empty() ? message : path + ": " + message);
    }
  }

  void Check(const SchemaNode* schema, const Json& value, const std::string& path) {
    if (schema == nullptr || value.is_null()) {
      return;
    }
    switch (schema->type) {
      case NodeType::kObject:
        CheckFields(*schema, value, path);
        return;
      case NodeType::kArray:
        CheckItems(*schema, value, path);
        return;
      case NodeType::kString:
        // Of a text with a format Kubernetes knows only that it is no list and no map; bytes are but a text, and
        // so is what is called a password here alone.
        if (!schema->format.empty() && schema->format != "byte" && schema->format != "password") {
          if (value.is_structured()) {
            Report(path, "expected any scalar, got &{" + GoText(value) + "}");
          }
        } else if (!value.is_string()) {
          Report(path,
                 "expected string, got &value.valueUnstructured{Value:" + GoLiteral(value) + "}");
        }
        return;
      case NodeType::kInteger:
        if (!value.is_number()) {
          Report(path, "expected numeric (int or float), got " + GoType(value));
        }
        return;
      case NodeType::kBoolean:
        if (!value.is_boolean()) {
          Report(path, "expected boolean, got &{" + GoText(value) + "}");
        }
        return;
      case NodeType::kIntOrString:
        return;
    }
  }

  void CheckFields(const SchemaNode& schema, const Json& value, const std::string& path) {
    if (!value.is_object()) {
      Report(path, "expected map, got &{" + GoText(value) + "}");
      return;
    }
    for (const auto& [name, field] : value.items()) {
      const SchemaNode* below = AnyField(&schema, name);
      const std::string field_path = path + "." + name;
      if (below == nullptr && !IsFree(schema) && !schema.preserve) {
        Report(field_path, "field not declared in schema");
        return;
      }
      Check(below, field, field_path);
    }
  }

  void CheckItems(const SchemaNode& schema, const Json& value, const std::string& path) {
    if (!value.is_array()) {
      Report(path, "expected list, got &{" + GoText(value) + "}");
      return;
    }
    std::set<PathElement> seen;
    for (std::size_t index = 0; index < value.size(); ++index) {
      std::string step = "[" + std::to_string(index) + "]";
      if (schema.list_type != ListType::kAtomic) {
        const auto element = ItemElement(schema, value[index]);
        if (!element.has_value()) {
          Report(path, "element " + std::to_string(index) + ": " + element.error().message);
          return;
        }
        step = element.value().Text();
        if (!seen.insert(element.value()).second && unique_) {
          Report(path, "duplicate entries for key " + step);
        }
      }
      Check(schema.items.get(), value[index], path + step);
    }
  }

  bool unique_;
  std::vector<std::string> found_;
};

// -- what there is --------------------------------------------------------------------------------

struct Fields {
  bool self = false;  ///< it is a leaf
  FieldSet below{};
};

Fields FieldsIn(const SchemaNode* schema, const Json& value);

FieldSet FieldsInItems(const SchemaNode& schema, const Json& value) {
  Nodes nodes;
  for (const auto& [element, items] : IndexedList(schema, &value).by_element) {
    auto fields = items.size() == 1 ? FieldsIn(schema.items.get(), *items.front()) : Fields();
    nodes.push_back(FieldSet::NodeOf(element, true, std::move(fields.below)));
  }
  return FieldSet::Of(std::move(nodes));
}

Fields FieldsIn(const SchemaNode* schema, const Json& value) {
  const Form form = FormOf(schema, &value, nullptr);
  if (form == Form::kLeaf) {
    return {.self = true};
  }
  if (form == Form::kItems) {
    return {.below = FieldsInItems(*schema, value)};
  }
  Nodes nodes;
  if (value.is_object()) {
    for (const auto& [name, field] : value.items()) {
      Fields fields = FieldsIn(AnyField(schema, name), field);
      const bool member = fields.self || field.is_null() || (field.is_object() && field.empty()) ||
                          NamedField(schema, name) == nullptr;
      nodes.push_back(FieldSet::NodeOf(PathElement::Field(name), member, std::move(fields.below)));
    }
  }
  return {.below = FieldSet::Of(std::move(nodes))};
}

// -- what differs ---------------------------------------------------------------------------------

/// What differs at one place, and below it.
struct Difference {
  bool removed = false;
  bool modified = false;
  bool added = false;
  Comparison below{};
};

Difference Differ(const SchemaNode* schema, const Json* before, const Json* after);

/// Gathers what differs below one place.
class DifferenceList {
 public:
  void Add(const PathElement& element, Difference difference) {
    Put(removed_, element, difference.removed, std::move(difference.below.removed));
    Put(modified_, element, difference.modified, std::move(difference.below.modified));
    Put(added_, element, difference.added, std::move(difference.below.added));
  }

  Comparison Take() {
    return {.removed = FieldSet::Of(std::move(removed_)),
            .modified = FieldSet::Of(std::move(modified_)),
            .added = FieldSet::Of(std::move(added_))};
  }

 private:
  static void Put(Nodes& nodes, const PathElement& element, bool member, FieldSet below) {
    if (member || !below.empty()) {
      nodes.push_back(FieldSet::NodeOf(element, member, std::move(below)));
    }
  }

  Nodes removed_;
  Nodes modified_;
  Nodes added_;
};

Comparison DifferFields(const SchemaNode* schema, const Json* before, const Json* after) {
  DifferenceList list;
  const auto visit = [&](const std::string& name, const Json* left, const Json* right) {
    if (left == nullptr || right == nullptr || *left != *right) {
      list.Add(PathElement::Field(name), Differ(AnyField(schema, name), left, right));
    }
  };
  if (before != nullptr && before->is_object()) {
    for (const auto& [name, field] : before->items()) {
      visit(name, &field, Found(after, name));
    }
  }
  if (after != nullptr && after->is_object()) {
    for (const auto& [name, field] : after->items()) {
      if (Found(before, name) == nullptr) {
        visit(name, nullptr, &field);
      }
    }
  }
  return list.Take();
}

bool SameItems(const std::vector<const Json*>& left, const std::vector<const Json*>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Json* one, const Json* other) { return *one == *other; });
}

/// Items that are there twice, before, after or both times, count as one value.
Difference DifferRepeated(const SchemaNode* items, const std::vector<const Json*>& before,
                          const std::vector<const Json*>& after) {
  Difference difference;
  if (before.size() > 1 && after.size() > 1) {
    difference.modified = !SameItems(before, after);
  } else if (before.size() > 1) {
    difference = after.empty() ? Difference() : Differ(items, nullptr, after.front());
    difference.removed = true;
  } else {
    difference = before.empty() ? Difference() : Differ(items, before.front(), nullptr);
    difference.added = true;
  }
  return difference;
}

Comparison DifferItems(const SchemaNode& schema, const Json* before, const Json* after) {
  static const std::vector<const Json*> kNone;
  const IndexedList left(schema, before);
  const IndexedList right(schema, after);
  const auto in = [](const IndexedList& list,
                     const PathElement& element) -> const std::vector<const Json*>& {
    const auto found = list.by_element.find(element);
    return found == list.by_element.end() ? kNone : found->second;
  };
  DifferenceList list;
  const auto visit = [&](const PathElement& element) {
    const auto& lefts = in(left, element);
    const auto& rights = in(right, element);
    if (lefts.size() > 1 || rights.size() > 1) {
      list.Add(element, DifferRepeated(schema.items.get(), lefts, rights));
    } else {
      list.Add(element, Differ(schema.items.get(), lefts.empty() ? nullptr : lefts.front(),
                               rights.empty() ? nullptr : rights.front()));
    }
  };
  for (const auto& item : left.by_element) {
    visit(item.first);
  }
  for (const auto& item : right.by_element) {
    if (!left.Has(item.first)) {
      visit(item.first);
    }
  }
  return list.Take();
}

Difference Differ(const SchemaNode* schema, const Json* before, const Json* after) {
  Difference difference{.removed = after == nullptr, .added = before == nullptr};
  // Where both are empty, nothing and an empty value are told apart.
  const Form form = IsEmpty(before) && IsEmpty(after)
                        ? Form::kLeaf
                        : FormOf(schema, after != nullptr ? after : before, before);
  if (form == Form::kLeaf) {
    difference.modified = before != nullptr && after != nullptr && *before != *after;
    if (schema == nullptr && difference.modified && before->is_object()) {
      difference.below = DifferFields(nullptr, before, nullptr);
    }
  } else if (form == Form::kItems) {
    difference.below = DifferItems(*schema, before, after);
  } else {
    difference.below = DifferFields(schema, before, after);
    difference.modified = schema == nullptr && before != nullptr && after != nullptr &&
                          !before->is_object() && !before->is_null();
  }
  return difference;
}

// -- what becomes of two --------------------------------------------------------------------------

Json Merged(const SchemaNode* schema, const Json* live, const Json* applied);

/// Merges two lists: those items of `live` that are not in `applied` keep their place, those of
/// `applied` come in its order.
class ListMerge {
 public:
  ListMerge(const SchemaNode& schema, const Json* live, const Json* applied)
      : schema_(schema), live_(schema, live), applied_(schema, applied) {
    for (const auto& item : applied_.items) {
      if (live_.Has(item.first)) {
        shared_.push_back(&item.first);
      }
    }
  }

  Json Run() {
    while (left_ < live_.items.size() || right_ < applied_.items.size()) {
      Step();
    }
    return std::move(out_);
  }

 private:
  void Step() {
    const bool left = left_ < live_.items.size();
    const bool right = right_ < applied_.items.size();
    if (left && right) {
      const PathElement& element = live_.items[left_].first;
      if (element == applied_.items[right_].first) {
        TakeApplied();
        ++left_;
        ++next_shared_;
        return;
      }
      const bool wanted = next_shared_ < shared_.size() && *shared_[next_shared_] == element;
      if (applied_.Has(element) && next_shared_ < shared_.size() && !wanted) {
        ++left_;  // its turn comes with the applied one
        return;
      }
    }
    if (left) {
      const auto& [element, item] = live_.items[left_];
      if (!applied_.Has(element)) {
        out_.push_back(*item);
        ++left_;
        return;
      }
      if (done_.contains(element)) {
        ++left_;
      }
    }
    if (right) {
      const PathElement& element = applied_.items[right_].first;
      TakeApplied();
      if (next_shared_ < shared_.size() && *shared_[next_shared_] == element) {
        ++next_shared_;
      }
    }
  }

  void TakeApplied() {
    const auto& [element, item] = applied_.items[right_++];
    done_.insert(element);
    out_.push_back(Merged(schema_.items.get(), live_.Only(element), item));
  }

  const SchemaNode& schema_;
  IndexedList live_;
  IndexedList applied_;
  std::vector<const PathElement*> shared_;  ///< those in both, in the order of `applied`
  std::set<PathElement> done_;
  std::size_t left_ = 0;
  std::size_t right_ = 0;
  std::size_t next_shared_ = 0;
  Json out_ = Json::array();
};

Json Merged(const SchemaNode* schema, const Json* live, const Json* applied) {
  if (live == nullptr || applied == nullptr) {
    return live == nullptr ? *applied : *live;
  }
  const Form form = FormOf(schema, applied, live);
  if (form == Form::kLeaf || (IsEmpty(live) && IsEmpty(applied))) {
    return *applied;
  }
  if (form == Form::kItems) {
    return ListMerge(*schema, live, applied).Run();
  }
  Json out = live->is_object() ? *live : Json::object();
  if (applied->is_object()) {
    for (const auto& [name, field] : applied->items()) {
      out[name] = Merged(AnyField(schema, name), Found(live, name), &field);
    }
  }
  return out;
}

// -- what is left ---------------------------------------------------------------------------------

/// Null where nothing is left.
Json Left(const SchemaNode* schema, const Json& value, const FieldSet& paths) {
  const bool list = schema != nullptr && schema->type == NodeType::kArray;
  const bool object = schema == nullptr || schema->type == NodeType::kObject;
  if ((!list || !value.is_array()) && (!object || !value.is_object())) {
    return list || (schema != nullptr && object) ? Json() : value;
  }
  if (FormOf(schema, &value, nullptr) == Form::kLeaf) {
    return {};
  }
  Json out;
  const auto keep = [&](const PathElement& element, const SchemaNode* below, const Json& item) {
    const FieldSet* deeper = paths.Below(element);
    return deeper == nullptr ? item : Left(below, item, *deeper);
  };
  if (list) {
    for (const auto& [element, item] : IndexedList(*schema, &value).items) {
      if (!paths.HasMember(element)) {
        out.push_back(keep(element, schema->items.get(), *item));
      }
    }
    return out;
  }
  for (const auto& [name, field] : value.items()) {
    const PathElement element = PathElement::Field(name);
    if (!paths.HasMember(element)) {
      out[name] = keep(element, AnyField(schema, name), field);
    }
  }
  return out;
}

FieldSet Named(const SchemaNode* schema, const FieldSet& set) {
  Nodes nodes;
  for (const FieldSet::Node& node : set.nodes()) {
    const std::string* name = node.element.field();
    const SchemaNode* named = name == nullptr ? nullptr : NamedField(schema, *name);
    const SchemaNode* below = named;
    if (name != nullptr && named == nullptr) {
      below = AnyField(schema, *name);
    } else if (name == nullptr && node.element.is_key() && schema != nullptr) {
      below = schema->items.get();
    }
    nodes.push_back(
        FieldSet::NodeOf(node.element, node.member || (named != nullptr && node.below != nullptr),
                         node.below == nullptr ? FieldSet() : Named(below, *node.below)));
  }
  return FieldSet::Of(std::move(nodes));
}

}  // namespace

std::string MisfitOf(const SchemaNode& schema, const Json& tree, bool unique) {
  return MisfitFinder(unique).Run(schema, tree);
}

FieldSet FieldsOf(const SchemaNode& schema, const Json& tree) {
  return FieldsIn(&schema, tree).below;
}

Comparison Compare(const SchemaNode& schema, const Json& before, const Json& after) {
  return Differ(&schema, &before, &after).below;
}

Json Merge(const SchemaNode& schema, const Json& live, const Json& applied) {
  return Merged(&schema, &live, &applied);
}

Json Without(const SchemaNode& schema, const Json& tree, const FieldSet& paths) {
  return Left(&schema, tree, paths);
}

FieldSet WithNamedFields(const SchemaNode& schema, const FieldSet& set) {
  return Named(&schema, set);
}

}  // namespace slipway::objects
