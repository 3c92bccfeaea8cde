#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reconciler/base/result.hpp"

// Sets of paths into an object, as metadata.managedFields holds them (FieldsV1). Value types; all
// functions are pure. The rules are those of sigs.k8s.io/structured-merge-diff.
namespace slipway::objects {

/// A value that a path names: an item of a set, or what an item of a keyed list has in a key.
struct FieldValue {
  /// A list or an object, as text; only foreign paths hold one.
  struct Composite {
    bool list = false;
    std::string json;
  };
  using Held = std::variant<std::int64_t, double, std::string, bool, Composite, std::nullptr_t>;
  Held held;
};

/// One step of a path. Ordered: fields, then keys, then values, then indices.
class PathElement {
 public:
  static PathElement Field(std::string name);
  /// `key`: the fields that make the item the one it is.
  static PathElement Key(const nlohmann::json& key);
  static PathElement Value(const nlohmann::json& value);

  /// Of `f:name`, `v:"value"`, `k:{"name":"value"}` or `i:3`; nullopt: a kind of step that a later
  /// version may know. kBadRequest where it is malformed.
  static Result<std::optional<PathElement>> Parse(const std::string& text);

  /// As FieldsV1 writes it: the other way round from Parse.
  std::string Written() const;

  /// As a message shows it: `.spec`, `[name="web"]`, `[="blue"]`, `[3]`.
  std::string Text() const;

  /// The name of a field; nullptr where it is another kind of step.
  const std::string* field() const { return kind_ == Kind::kField ? &name_ : nullptr; }
  bool is_key() const { return kind_ == Kind::kKey; }

  /// Below, at or above zero, as strcmp.
  int Compare(const PathElement& other) const;
  bool operator<(const PathElement& other) const { return Compare(other) < 0; }
  bool operator==(const PathElement& other) const { return Compare(other) == 0; }

 private:
  enum class Kind : std::uint8_t { kField, kKey, kValue, kIndex };

  explicit PathElement(Kind kind) : kind_(kind) {}

  Kind kind_;
  std::string name_;                                        ///< kField
  std::vector<std::pair<std::string, FieldValue>> values_;  ///< kKey: by name; others: one
};

/// A set of paths. Copies share what is below.
class FieldSet {
 public:
  /// A step, whether the path that ends there is in the set, and the paths that go on from there.
  struct Node {
    PathElement element;
    bool member = false;
    std::shared_ptr<const FieldSet> below{};  ///< nullptr: none
  };

  /// A node; `below` may be empty.
  static Node NodeOf(PathElement element, bool member, FieldSet below = {});
  /// Of nodes in any order; equal ones become one, and those that hold nothing are left out.
  static FieldSet Of(std::vector<Node> nodes);

  /// Reads FieldsV1. kBadRequest where it is malformed.
  static Result<FieldSet> Read(const nlohmann::json& fields);
  /// FieldsV1.
  nlohmann::json Write() const;

  bool empty() const { return nodes_.empty(); }
  const std::vector<Node>& nodes() const { return nodes_; }
  /// nullptr where nothing is below.
  const FieldSet* Below(const PathElement& element) const;
  bool HasMember(const PathElement& element) const;

  FieldSet Union(const FieldSet& other) const;
  FieldSet Intersection(const FieldSet& other) const;
  /// Without the paths of `other`; what is below them stays.
  FieldSet Difference(const FieldSet& other) const;
  /// Without the paths of `other` and all below them.
  FieldSet RecursiveDifference(const FieldSet& other) const;

  /// Calls with the text of each path, such as `.spec.size`: those that end here first.
  void ForEach(const std::function<void(const std::string& path)>& call) const;

 private:
  void ForEach(const std::string& prefix,
               const std::function<void(const std::string& path)>& call) const;
  void Append(Node node);

  std::vector<Node> nodes_;  ///< ordered; each is a member or has something below
};

}  // namespace slipway::objects
