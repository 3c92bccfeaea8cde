#include "src/objects/patch.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"

// JSON patches are applied by hand: nlohmann's own asserts where a parent is a scalar, and knows no
// limits.
namespace slipway::objects {
namespace {

constexpr std::size_t kMaxCopiedBytes = 3 << 20;
/// Items of lists that are moved aside, and values that are moved elsewhere: some 0.1 s of work.
constexpr std::size_t kMaxMoved = 10'000'000;

using Pointer = std::vector<std::string>;

/// The text is no patch.
Error Malformed(const std::string& what) {
  return Fail(Code::kBadRequest, "error decoding patch: json: cannot unmarshal " + what);
}

/// The patch cannot be applied. Kubernetes does not say why.
Error Misfit() {
  return Fail(Code::kUnprocessable,
              "the server rejected our request due to an error in our request");
}

/// About how long the tree is as text.
std::size_t Weight(const Json& tree) {
  if (tree.is_string()) {
    return tree.get_ref<const std::string&>().size() + 2;
  }
  std::size_t weight = 4;
  for (const auto& [key, value] : tree.items()) {
    if (tree.is_structured()) {
      weight += key.size() + 3 + Weight(value);
    }
  }
  return weight;
}

/// RFC 6901, read as leniently as Kubernetes reads it: what is before the first slash does not
/// count, nor does a ~ that means nothing.
Pointer ParsePointer(const std::string& text) {
  Pointer pointer;
  for (std::size_t index = text.find('/'); index < text.size(); ++index) {
    const bool escape = text[index] == '~' && index + 1 < text.size() &&
                        (text[index + 1] == '0' || text[index + 1] == '1');
    if (text[index] == '/') {
      pointer.emplace_back();
    } else if (escape) {
      pointer.back() += text[++index] == '0' ? '~' : '/';
    } else {
      pointer.back() += text[index];
    }
  }
  return pointer;
}

/// An index into an array below `bound`. A negative one counts from the end.
std::optional<std::size_t> ParseIndex(std::string_view text, std::size_t bound) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  const auto size = static_cast<std::int64_t>(bound);
  index += index < 0 ? size : 0;
  return index >= 0 && index < size ? std::optional(static_cast<std::size_t>(index)) : std::nullopt;
}

/// The value that a pointer (or its first `length` steps) leads to; nullptr where there is none.
Json* Find(Json& root, const Pointer& pointer, std::size_t length) {
  Json* at = &root;
  for (std::size_t step = 0; step < length; ++step) {
    if (at->is_object() && at->contains(pointer[step])) {
      at = &(*at)[pointer[step]];
      continue;
    }
    const auto index = at->is_array() ? ParseIndex(pointer[step], at->size()) : std::nullopt;
    if (!index) {
      return nullptr;
    }
    at = &(*at)[*index];
  }
  return at;
}

class Patcher {
 public:
  explicit Patcher(Json& document) : document_(document) {}

  Result<void> Apply(const Json& operation) {
    if (!operation.is_object()) {
      return Malformed(JsonType(operation) + " into Go value of type handlers.jsonPatchOp");
    }
    SLIPWAY_TRY(name, Text(operation, "op"));
    SLIPWAY_TRY(path, Text(operation, "path"));
    SLIPWAY_TRY(from, Text(operation, "from"));
    if (name == "remove") {
      SLIPWAY_TRYV(Take(path));
      return Ok();
    }
    if (name == "move" || name == "copy") {
      return Carry(from, name == "move", path);
    }
    const Json value = operation.value("value", Json());
    if (name == "add") {
      return Add(path, value);
    }
    if (name == "replace") {
      return Replace(path, value);
    }
    return name == "test" ? Test(path, value) : Result<void>(Misfit());
  }

 private:
  /// "" where it is absent: that is no path to anything, and no operation.
  static Result<std::string> Text(const Json& operation, const char* field) {
    const auto found = operation.find(field);
    if (found == operation.end() || found->is_null()) {
      return std::string();
    }
    if (!found->is_string()) {
      return Malformed(JsonType(*found) + " into Go struct field jsonPatchOp." + field +
                       " of type string");
    }
    return found->get<std::string>();
  }

  Result<void> Spend(std::size_t moved) {
    moved_ += moved;
    if (moved_ > kMaxMoved) {
      return Fail(Code::kTooLarge,
                  "the patch moves more than " + std::to_string(kMaxMoved) + " values");
    }
    return Ok();
  }

  /// Whether the tree has at most `levels` lists and objects inside each other. Each one that it looks at
  /// counts as moved.
  bool Fits(const Json& tree, std::size_t levels) {
    if (!tree.is_structured()) {
      return true;
    }
    moved_ += tree.size();
    return levels > 0 && std::all_of(tree.begin(), tree.end(),
                                     [&](const Json& value) { return Fits(value, levels - 1); });
  }

  /// The document is never deeper than what every walk through it can bear.
  Result<void> CheckDepth(const Pointer& pointer, const Json& value) {
    if (pointer.size() > kMaxDepth || !Fits(value, kMaxDepth - pointer.size())) {
      return Fail(Code::kBadRequest, "the patch nests the object deeper than " +
                                         std::to_string(kMaxDepth) + " levels");
    }
    return Spend(0);
  }

  /// What holds the value that a pointer leads to; nullptr where that is no object and no list.
  Json* Parent(const Pointer& pointer) {
    Json* parent = pointer.empty() ? nullptr : Find(document_, pointer, pointer.size() - 1);
    return parent != nullptr && parent->is_structured() ? parent : nullptr;
  }

  Result<void> Add(const std::string& path, Json value) {
    const Pointer pointer = ParsePointer(path);
    SLIPWAY_TRYV(CheckDepth(pointer, value));
    Json* parent = Parent(pointer);
    if (parent == nullptr) {
      return Misfit();
    }
    const std::string& last = pointer.back();
    if (parent->is_object()) {
      (*parent)[last] = std::move(value);
      return Ok();
    }
    const auto index =
        last == "-" ? std::optional(parent->size()) : ParseIndex(last, parent->size() + 1);
    if (!index) {
      return Misfit();
    }
    SLIPWAY_TRYV(Spend(parent->size() - *index));
    parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    return Ok();
  }

  Result<Json> Take(const std::string& path) {
    const Pointer pointer = ParsePointer(path);
    Json* parent = Parent(pointer);
    Json* target = parent == nullptr ? nullptr : Find(*parent, {pointer.back()}, 1);
    if (target == nullptr) {
      return Misfit();
    }
    Json value = std::move(*target);
    if (parent->is_object()) {
      parent->erase(pointer.back());
    } else {
      const std::size_t index = *ParseIndex(pointer.back(), parent->size());
      SLIPWAY_TRYV(Spend(parent->size() - index));
      parent->erase(index);
    }
    return value;
  }

  /// Adds a field that is not there, as Kubernetes does.
  Result<void> Replace(const std::string& path, const Json& value) {
    const Pointer pointer = ParsePointer(path);
    SLIPWAY_TRYV(CheckDepth(pointer, value));
    Json* parent = Parent(pointer);
    if (pointer.empty() && value.is_structured()) {
      document_ = value;
      return Ok();
    }
    if (parent != nullptr && parent->is_object()) {
      (*parent)[pointer.back()] = value;
      return Ok();
    }
    Json* target = parent == nullptr ? nullptr : Find(*parent, {pointer.back()}, 1);
    if (target == nullptr) {
      return Misfit();
    }
    *target = value;
    return Ok();
  }

  /// What is not there is null.
  Result<void> Test(const std::string& path, const Json& value) {
    const Pointer pointer = ParsePointer(path);
    const Json* parent = pointer.empty() ? &document_ : Parent(pointer);
    const Json* target = Find(document_, pointer, pointer.size());
    const bool absent = parent != nullptr && parent->is_object() && target == nullptr;
    if (absent ? !value.is_null() : target == nullptr || *target != value) {
      return Misfit();
    }
    return Ok();
  }

  Result<void> Carry(const std::string& from, bool move, const std::string& path) {
    if (move) {
      SLIPWAY_TRY(value, Take(from));
      return Add(path, std::move(value));
    }
    const Pointer pointer = ParsePointer(from);
    const Json* parent = Parent(pointer);
    const Json* source = Find(document_, pointer, pointer.size());
    if (parent == nullptr || (source == nullptr && !parent->is_object())) {
      return Misfit();
    }
    const Json copied = source == nullptr ? Json() : *source;
    copied_bytes_ += Weight(copied);
    if (copied_bytes_ > kMaxCopiedBytes) {
      return Fail(Code::kTooLarge,
                  "the patch copies more than " + std::to_string(kMaxCopiedBytes) + " bytes");
    }
    return Add(path, copied);
  }

  Json& document_;
  std::size_t copied_bytes_ = 0;
  std::size_t moved_ = 0;
};

}  // namespace

Result<Json> ApplyMergePatch(const Json& object, const Json& patch) {
  if (patch.is_null()) {
    return Fail(Code::kBadRequest, "Invalid JSON Patch");
  }
  if (!patch.is_object()) {
    return Malformed(JsonType(patch) + " into Go value of type map[string]interface {}");
  }
  Json result = object;
  result.merge_patch(patch);
  return result;
}

Result<Json> ApplyJsonPatch(const Json& object, const Json& patch) {
  if (patch.is_null()) {
    return object;
  }
  if (!patch.is_array()) {
    return Malformed(JsonType(patch) + " into Go value of type []handlers.jsonPatchOp");
  }
  if (patch.size() > kMaxPatchOperations) {
    return Fail(Code::kTooLarge,
                "Request entity too large: The allowed maximum operations in a JSON patch is " +
                    std::to_string(kMaxPatchOperations) + ", got " + std::to_string(patch.size()));
  }
  Json result = object;
  Patcher patcher(result);
  for (const Json& operation : patch) {
    SLIPWAY_TRYV(patcher.Apply(operation));
  }
  return result;
}

}  // namespace slipway::objects
