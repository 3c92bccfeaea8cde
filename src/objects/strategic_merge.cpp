#include "src/objects/strategic_merge.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/schema_node.hpp"

namespace slipway::objects {
namespace {

constexpr const char* kDirective = "$patch";
constexpr const char* kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList";
constexpr std::string_view kSetOrder = "$setElementOrder";

Error Unexplained(std::string message) { return Fail(Code::kUnexplained, std::move(message)); }

Error NoMergeKey(const Json& item, const std::string& key) {
  return Unexplained("map: " + GoText(item) + " does not contain declared merge key: " + key);
}

Error UnknownDirective(const Json& directive, const Json& item) {
  return Unexplained("unknown patch type: " + GoText(directive) + " in map: " + GoText(item));
}

/// How a list is merged. `merge` is false where a list replaces the other.
struct ListRule {
  bool merge = false;
  std::string key{};  ///< of items that are objects
  const SchemaNode* items = nullptr;
};

/// `schema` is nullptr where an object may hold anything.
Result<const SchemaNode*> FieldIn(const SchemaNode* schema, const std::string& name) {
  const SchemaNode* below = nullptr;
  if (schema != nullptr) {
    const auto found = schema->properties.find(name);
    below = found != schema->properties.end() ? found->second.get() : schema->additional.get();
    if (below == nullptr && name != "managedFields" && !schema->preserve) {
      return Unexplained("unable to find api field for the json field " + Quoted(name));
    }
  }
  return below;
}

Result<ListRule> RuleOf(const SchemaNode* schema, const std::string& name) {
  SLIPWAY_TRY(list, FieldIn(schema, name));
  if (list == nullptr || list->type != NodeType::kArray) {
    return ListRule();
  }
  return ListRule{.merge = list->list_type != ListType::kAtomic,
                  .key = list->map_keys.empty() ? "" : list->map_keys.front(),
                  .items = list->items.get()};
}

/// The name after the slash of `$directive/name`.
Result<std::string> NameAfter(std::string_view directive, const std::string& field,
                              const char* complaint) {
  if (field.size() < directive.size() + 1 || field[directive.size()] != '/') {
    return Fail(Code::kBadRequest, complaint);
  }
  return field.substr(directive.size() + 1);
}

/// Without items and fields that are directives; null where it is one itself.
Json WithoutDirectives(const Json& value) {
  if (!value.is_structured()) {
    return value;
  }
  Json out = value.is_object() ? Json::object() : Json::array();
  for (const auto& [key, field] : value.items()) {
    if (field.is_object() && field.contains(kDirective)) {
      continue;
    }
    if (value.is_object()) {
      out[key] = WithoutDirectives(field);
    } else {
      out.push_back(WithoutDirectives(field));
    }
  }
  return out;
}

void DiscardNulls(Json& value) {
  if (value.is_object()) {
    for (auto field = value.begin(); field != value.end();) {
      field = field->is_null() ? value.erase(field) : std::next(field);
    }
  }
  if (value.is_structured()) {
    for (Json& field : value) {
      DiscardNulls(field);
    }
  }
}

/// The items of two lists are all of one kind, and none is a list. True: they are objects.
Result<bool> AreObjects(const Json& left, const Json& right) {
  const Json* first = nullptr;
  for (const Json* list : {&left, &right}) {
    for (const Json& item : *list) {
      if (item.is_array()) {
        return Fail(Code::kUnprocessable,
                    "the server rejected our request due to an error in our request");
      }
      first = first == nullptr ? &item : first;
      if (item.is_number() ? !first->is_number() : item.type() != first->type()) {
        return Unexplained("list element types are not identical: [" + GoText(left) + " " +
                           GoText(right) + "]");
      }
    }
  }
  if (first == nullptr) {
    return Unexplained("no elements in any of the given slices");
  }
  return first->is_object();
}

/// What tells items apart: their merge key, or they themselves where `key` is empty.
class Items {
 public:
  explicit Items(std::string key) : key_(std::move(key)) {}

  Result<Json> Of(const Json& item) const {
    if (key_.empty()) {
      return item;
    }
    if (!item.is_object() || !item.contains(key_)) {
      return item.is_object() ? NoMergeKey(item, key_)
                              : Unexplained("expected a map[string]interface {}, but received a " +
                                            GoType(item));
    }
    return item[key_];
  }

  /// Where each one is first.
  Result<std::map<Json, std::size_t>> Places(const Json& list) const {
    std::map<Json, std::size_t> places;
    for (std::size_t index = 0; index < list.size(); ++index) {
      SLIPWAY_TRY(key, Of(list[index]));
      places.emplace(std::move(key), index);
    }
    return places;
  }

  /// `merged` in the order that `wanted` gives; those that it does not name keep their places among
  /// those of `before` as well as they can.
  Result<Json> InOrder(const Json& merged, const Json& wanted, const Json& before) const {
    SLIPWAY_TRY(want, Places(wanted));
    SLIPWAY_TRY(was, Places(before));
    Placed named;
    Placed others;
    for (const Json& item : merged) {
      SLIPWAY_TRY(key, Of(item));
      const auto place = want.find(key);
      const auto old = was.find(key);
      const std::size_t old_place = old == was.end() ? kNowhere : old->second;
      if (place != want.end()) {
        named.push_back({place->second, old_place, &item});
      } else {
        others.push_back({old_place, old_place, &item});
      }
    }
    for (Placed* list : {&named, &others}) {
      std::stable_sort(list->begin(), list->end(), [](const Place& left, const Place& right) {
        return left.rank < right.rank;
      });
    }
    return Interleaved(others, named);
  }

 private:
  static constexpr std::size_t kNowhere = SIZE_MAX;
  struct Place {
    std::size_t rank;
    std::size_t before;
    const Json* item;
  };
  using Placed = std::vector<Place>;

  static Json Interleaved(const Placed& others, const Placed& named) {
    Json out = Json::array();
    auto other = others.begin();
    auto next = named.begin();
    while (other != others.end() || next != named.end()) {
      const bool take_other =
          next == named.end() || (other != others.end() && other->before != kNowhere &&
                                  next->before != kNowhere && other->before < next->before);
      out.push_back(take_other ? *(other++)->item : *(next++)->item);
    }
    return out;
  }

  std::string key_;
};

class Merger {
 public:
  Result<Json> MergeObject(Json original, Json patch, const SchemaNode* schema) {
    const auto directive = patch.find(kDirective);
    if (directive != patch.end()) {
      return Directed(*directive, patch);
    }
    SLIPWAY_TRYV(RetainKeys(original, patch));
    SLIPWAY_TRYV(SetOrders(original, patch, schema));
    for (auto& [name, value] : patch.items()) {
      const bool deletes = name.starts_with(kDeleteFromList);
      std::string field = name;
      if (deletes) {
        SLIPWAY_TRY(plain,
                    NameAfter(kDeleteFromList, name, "invalid patch format of primitive list"));
        field = std::move(plain);
      }
      SLIPWAY_TRYV(MergeField(original, field, value, deletes, schema));
    }
    return original;
  }

 private:
  static Result<Json> Directed(const Json& directive, const Json& patch) {
    if (directive == "delete") {
      return Json::object();
    }
    if (directive != "replace") {
      return UnknownDirective(directive, patch);
    }
    Json whole = patch;
    whole.erase(kDirective);
    return whole;
  }

  static Result<void> RetainKeys(Json& original, Json& patch) {
    const auto found = patch.find(kRetainKeys);
    if (found == patch.end()) {
      return Ok();
    }
    const Json keys = std::move(*found);
    patch.erase(found);
    std::set<Json> retained;
    for (const Json& key : keys.is_array() ? keys : Json::array()) {
      retained.insert(key);
    }
    bool good = keys.is_array();
    for (const auto& [name, value] : patch.items()) {
      good = good && (value.is_null() || name.starts_with(kDeleteFromList) ||
                      name.starts_with(kSetOrder) || retained.contains(name));
    }
    if (!good) {
      return Fail(Code::kBadRequest, "invalid patch format of retainKeys");
    }
    for (auto field = original.begin(); field != original.end();) {
      field = retained.contains(field.key()) ? std::next(field) : original.erase(field);
    }
    return Ok();
  }

  /// Each `$setElementOrder/name` together with the list `name` that it orders.
  Result<void> SetOrders(Json& original, Json& patch, const SchemaNode* schema) {
    std::vector<std::string> directives;
    for (const auto& [name, value] : patch.items()) {
      if (name.starts_with(kSetOrder)) {
        directives.push_back(name);
      }
    }
    for (const std::string& directive : directives) {
      const Json order = std::move(patch[directive]);
      patch.erase(directive);
      if (!order.is_array()) {
        return Unexplained("expected a []interface {}, but received a " + GoType(order));
      }
      SLIPWAY_TRY(name,
                  NameAfter(kSetOrder, directive, "invalid patch format of setElementOrder list"));
      SLIPWAY_TRYV(SetOrder(original, patch, name, order, schema));
      patch.erase(name);
    }
    return Ok();
  }

  Result<void> SetOrder(Json& original, const Json& patch, const std::string& name,
                        const Json& order, const SchemaNode* schema) {
    const auto before = original.find(name);
    const auto sent = patch.find(name);
    for (const auto& list : {before != original.end() ? *before : Json::array(),
                             sent != patch.end() ? *sent : Json::array()}) {
      if (!list.is_array()) {
        return Unexplained("expected a []interface {}, but received a " + GoType(list));
      }
    }
    SLIPWAY_TRY(rule, RuleOf(schema, name));
    const Json left = before != original.end() ? *before : Json::array();
    const Json right = sent != patch.end() ? *sent : Json::array();
    SLIPWAY_TRYV(CheckOrder(right, order, rule));
    if (before == original.end() && sent == patch.end()) {
      return Ok();
    }
    Json merged = left;
    if (before == original.end()) {
      merged = WithoutDirectives(right);
    } else if (sent != patch.end()) {
      SLIPWAY_TRY(both, MergeList(left, right, rule, false));
      merged = std::move(both);
    }
    SLIPWAY_TRYV(AreObjects(left, right));
    SLIPWAY_TRY(ordered, Items(rule.key).InOrder(merged, order, left));
    original[name] = std::move(ordered);
    return Ok();
  }

  /// What the patch has must be in the order, and in that order.
  static Result<void> CheckOrder(const Json& sent, const Json& order, const ListRule& rule) {
    if (order.empty() || sent.empty()) {
      return Ok();
    }
    const Items items(rule.key);
    std::size_t place = 0;
    for (const Json& item : sent) {
      if (item.is_object() && item.contains(kDirective)) {
        continue;
      }
      SLIPWAY_TRY(key, items.Of(item));
      for (;; ++place) {
        if (place == order.size()) {
          return Unexplained("The order in patch list:\n" + GoText(sent) + "\n doesn't match " +
                             std::string(kSetOrder) + " list:\n" + GoText(order) + "\n");
        }
        SLIPWAY_TRY(other, items.Of(order[place]));
        if (key == other) {
          ++place;
          break;
        }
      }
    }
    return Ok();
  }

  Result<void> MergeField(Json& original, const std::string& name, Json& value, bool deletes,
                          const SchemaNode* schema) {
    if (value.is_null()) {
      original.erase(name);
      return Ok();
    }
    const auto before = original.find(name);
    const bool alike =
        before != original.end() && before->is_structured() && before->type() == value.type();
    if (alike && value.is_object()) {
      SLIPWAY_TRY(below, FieldIn(schema, name));
      SLIPWAY_TRY(merged, MergeObject(std::move(*before), std::move(value), below));
      *before = std::move(merged);
    } else if (alike) {
      SLIPWAY_TRY(rule, RuleOf(schema, name));
      SLIPWAY_TRY(merged, MergeList(*before, value, rule, deletes));
      *before = std::move(merged);
    } else if (!deletes && value.is_object() && value.contains(kDirective)) {
      original.erase(name);
    } else if (!deletes) {
      DiscardNulls(value);
      original[name] = WithoutDirectives(value);
    }
    return Ok();
  }

  Result<Json> MergeList(const Json& original, const Json& patch, const ListRule& rule,
                         bool deletes) {
    if ((!rule.merge && !deletes) || (original.empty() && patch.empty())) {
      return rule.merge || deletes ? original : patch;
    }
    SLIPWAY_TRY(objects, AreObjects(original, patch));
    if (!objects) {
      return MergeValues(original, patch, deletes);
    }
    if (rule.key.empty()) {
      return Unexplained("cannot merge lists without merge key for slice");
    }
    return MergeItems(original, patch, rule);
  }

  static Result<Json> MergeValues(const Json& original, const Json& patch, bool deletes) {
    std::set<Json> sent(patch.begin(), patch.end());
    Json out = Json::array();
    if (deletes) {
      for (const Json& item : original) {
        if (!sent.contains(item)) {
          out.push_back(item);
        }
      }
      return out;
    }
    std::set<Json> seen;
    for (const Json* list : {&original, &patch}) {
      for (const Json& item : *list) {
        if (seen.insert(item).second) {
          out.push_back(item);
        }
      }
    }
    return Items("").InOrder(out, patch, original);
  }

  Result<Json> MergeItems(const Json& original, const Json& patch, const ListRule& rule) {
    const Items items(rule.key);
    Json sent = Json::array();
    std::set<Json> deleted;
    bool replace = false;
    for (const Json& item : patch) {
      const auto directive = item.find(kDirective);
      if (directive == item.end()) {
        sent.push_back(item);
      } else if (*directive == "delete") {
        SLIPWAY_TRY(key, items.Of(item));
        deleted.insert(std::move(key));
      } else if (*directive == "replace") {
        replace = true;
      } else if (*directive == "merge") {
        return Unexplained("merging lists cannot yet be specified in the patch");
      } else {
        return UnknownDirective(*directive, item);
      }
    }
    if (replace) {
      return items.InOrder(sent, Json::array(), sent);
    }
    Json base = Json::array();
    for (const Json& item : original) {
      if (!item.contains(rule.key) || !deleted.contains(item[rule.key])) {
        base.push_back(item);
      }
    }
    SLIPWAY_TRY(merged, MergeInto(base, sent, rule));
    return items.InOrder(merged, sent, base);
  }

  Result<Json> MergeInto(Json base, const Json& sent, const ListRule& rule) {
    const Items items(rule.key);
    SLIPWAY_TRY(places, items.Places(base));
    for (const Json& item : sent) {
      SLIPWAY_TRY(key, items.Of(item));
      const auto [place, fresh] = places.emplace(std::move(key), base.size());
      if (fresh) {
        base.push_back(item);
        continue;
      }
      SLIPWAY_TRY(merged, MergeObject(base[place->second], item, rule.items));
      base[place->second] = std::move(merged);
    }
    return base;
  }
};

}  // namespace

Result<Json> ApplyStrategicMerge(const KindInfo& kind, const Json& object, const Json& patch) {
  if (IsCustom(kind)) {
    return Fail(Code::kBadRequest, "strategic merge patch format is not supported");
  }
  if (patch.is_null()) {
    return object;
  }
  if (!patch.is_object()) {
    const std::string found = patch.is_boolean() ? "bool" : patch.type_name();
    return Fail(Code::kBadRequest, "json: cannot unmarshal " + found +
                                       " into Go value of type map[string]interface {}");
  }
  return Merger().MergeObject(object, patch, &kind.schema.root());
}

}  // namespace slipway::objects
