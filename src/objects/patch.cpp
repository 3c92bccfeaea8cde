#include "src/objects/patch.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "src/objects/json_text.hpp"

// JSON patches are applied by hand: nlohmann's own asserts where a parent is a scalar, and knows no
// limits.
namespace slipway::objects {
namespace {

constexpr std::size_t kMaxCopiedBytes = 3 << 20;
/// Items of lists that are moved aside, and values that are moved elsewhere: some 0.1 s of work.
constexpr std::size_t kMaxMoved = 10'000'000;

using Pointer = std::vector<std::string>;

Error Malformed(const std::string& what) {
  return Fail(Code::kBadRequest, "the patch is malformed: " + what);
}

Error Misfit(const std::string& path, const std::string& what) {
  return Fail(Code::kInvalid, "the patch does not fit the object: " + path + ": " + what);
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

Result<Json> Accepted(Json object) {
  if (!object.is_object()) {
    return Fail(Code::kBadRequest, "the patch leaves no object behind");
  }
  return object;
}

/// RFC 6901.
Result<Pointer> ParsePointer(const std::string& text) {
  Pointer pointer;
  if (!text.empty() && text.front() != '/') {
    return Malformed("\"" + text + "\" is no JSON pointer: it must be empty or begin with /");
  }
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] == '/') {
      pointer.emplace_back();
    } else if (text[index] != '~') {
      pointer.back() += text[index];
    } else if (index + 1 < text.size() && (text[index + 1] == '0' || text[index + 1] == '1')) {
      pointer.back() += text[++index] == '0' ? '~' : '/';
    } else {
      return Malformed("\"" + text + "\" is no JSON pointer: ~ must be written ~0");
    }
  }
  return pointer;
}

/// An index into an array below `bound`; no sign, no leading zero.
std::optional<std::size_t> ParseIndex(const std::string& text, std::size_t bound) {
  const bool digits = !text.empty() && text.size() <= 9 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  const std::size_t index = std::stoul(text);
  return index < bound ? std::optional(index) : std::nullopt;
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
    SLIPWAY_TRY(name, Text(operation, "op"));
    SLIPWAY_TRY(path, Text(operation, "path"));
    if (name == "remove") {
      SLIPWAY_TRYV(Take(path));
      return Ok();
    }
    if (name == "move" || name == "copy") {
      return Carry(operation, name == "move", path);
    }
    if (name != "add" && name != "replace" && name != "test") {
      return Malformed("there is no operation \"" + name + "\"");
    }
    if (!operation.contains("value")) {
      return Malformed("the operation " + name + " needs a value");
    }
    if (name == "add") {
      return Add(path, operation["value"]);
    }
    return name == "replace" ? Replace(path, operation["value"]) : Test(path, operation["value"]);
  }

 private:
  static Result<std::string> Text(const Json& operation, const char* field) {
    const auto found = operation.is_object() ? operation.find(field) : operation.end();
    if (!operation.is_object() || found == operation.end() || !found->is_string()) {
      return Malformed(std::string("each operation needs the text field ") + field);
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

  Result<void> Add(const std::string& path, Json value) {
    SLIPWAY_TRY(pointer, ParsePointer(path));
    SLIPWAY_TRYV(CheckDepth(pointer, value));
    if (pointer.empty()) {
      document_ = std::move(value);
      return Ok();
    }
    Json* parent = Find(document_, pointer, pointer.size() - 1);
    if (parent == nullptr) {
      return Misfit(path, "what it should be added to does not exist");
    }
    const std::string& last = pointer.back();
    if (parent->is_object()) {
      (*parent)[last] = std::move(value);
      return Ok();
    }
    if (!parent->is_array()) {
      return Misfit(path, "what it should be added to is neither an object nor a list");
    }
    const auto index =
        last == "-" ? std::optional(parent->size()) : ParseIndex(last, parent->size() + 1);
    if (!index) {
      return Misfit(path, "the list has no such place");
    }
    SLIPWAY_TRYV(Spend(parent->size() - *index));
    parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    return Ok();
  }

  Result<Json> Take(const std::string& path) {
    SLIPWAY_TRY(pointer, ParsePointer(path));
    Json* target = Find(document_, pointer, pointer.size());
    if (target == nullptr) {
      return Misfit(path, "does not exist");
    }
    Json value = std::move(*target);
    if (pointer.empty()) {
      document_ = nullptr;
      return value;
    }
    Json* parent = Find(document_, pointer, pointer.size() - 1);
    if (parent->is_object()) {
      parent->erase(pointer.back());
    } else {
      const std::size_t index = *ParseIndex(pointer.back(), parent->size());
      SLIPWAY_TRYV(Spend(parent->size() - index));
      parent->erase(index);
    }
    return value;
  }

  Result<void> Replace(const std::string& path, const Json& value) {
    SLIPWAY_TRY(pointer, ParsePointer(path));
    Json* target = Find(document_, pointer, pointer.size());
    if (target == nullptr) {
      return Misfit(path, "does not exist");
    }
    SLIPWAY_TRYV(CheckDepth(pointer, value));
    *target = value;
    return Ok();
  }

  Result<void> Test(const std::string& path, const Json& value) {
    SLIPWAY_TRY(pointer, ParsePointer(path));
    const Json* target = Find(document_, pointer, pointer.size());
    if (target == nullptr || *target != value) {
      return Misfit(path, "the test failed: the value is another one");
    }
    return Ok();
  }

  Result<void> Carry(const Json& operation, bool move, const std::string& path) {
    SLIPWAY_TRY(from, Text(operation, "from"));
    if (move && path.starts_with(from + "/")) {
      return Misfit(path, "a value cannot be moved into itself");
    }
    if (move) {
      SLIPWAY_TRY(value, Take(from));
      return Add(path, std::move(value));
    }
    SLIPWAY_TRY(pointer, ParsePointer(from));
    const Json* source = Find(document_, pointer, pointer.size());
    if (source == nullptr) {
      return Misfit(from, "does not exist");
    }
    copied_bytes_ += Weight(*source);
    if (copied_bytes_ > kMaxCopiedBytes) {
      return Fail(Code::kTooLarge,
                  "the patch copies more than " + std::to_string(kMaxCopiedBytes) + " bytes");
    }
    return Add(path, Json(*source));
  }

  Json& document_;
  std::size_t copied_bytes_ = 0;
  std::size_t moved_ = 0;
};

}  // namespace

Result<Json> ApplyMergePatch(const Json& object, const Json& patch) {
  if (!patch.is_object()) {
    return Fail(Code::kBadRequest, "a merge patch of an object must be an object");
  }
  Json result = object;
  result.merge_patch(patch);
  return Accepted(std::move(result));
}

Result<Json> ApplyJsonPatch(const Json& object, const Json& patch) {
  if (!patch.is_array()) {
    return Malformed("a JSON patch must be a list of operations");
  }
  if (patch.size() > kMaxPatchOperations) {
    return Fail(Code::kTooLarge, "the patch has " + std::to_string(patch.size()) +
                                     " operations, and " + std::to_string(kMaxPatchOperations) +
                                     " is the limit");
  }
  Json result = object;
  Patcher patcher(result);
  for (const Json& operation : patch) {
    SLIPWAY_TRYV(patcher.Apply(operation));
  }
  return Accepted(std::move(result));
}

}  // namespace slipway::objects
