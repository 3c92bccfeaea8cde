#include "src/objects/json_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/objects/fast_json.hpp"
#include "src/objects/field_path.hpp"

namespace slipway::objects {
namespace {

/// What is wrong, out of "[json.exception.…] parse error at line …: what; last read: '…'", but nothing
/// of what was read: it may be half of a password.
std::string WithoutContent(std::string text) {
  for (const char* content : {"; last read: '", " parsing '"}) {
    text.resize(std::min(text.size(), text.find(content)));
  }
  const std::size_t prefix = text.find("] ");
  return prefix == std::string::npos ? text : text.substr(prefix + 2);
}

/// Builds the tree from the parser's events; stops at the depth limit, and sees fields that come
/// twice.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::vector<std::string>& duplicates) : duplicates_(duplicates) {}

  Json TakeTree() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

  bool null() { return Add(nullptr) != nullptr; }
  bool boolean(bool value) { return Add(value) != nullptr; }
  bool number_integer(std::int64_t value) { return Add(value) != nullptr; }
  bool number_unsigned(std::uint64_t value) { return Add(value) != nullptr; }
  bool number_float(double value, const std::string&) { return Add(value) != nullptr; }
  bool string(std::string& value) { return Add(std::move(value)) != nullptr; }
  bool binary(Json::binary_t&) { return false; }

  bool start_object(std::size_t) { return Open(Json::object()); }
  bool start_array(std::size_t) { return Open(Json::array()); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }

  bool key(std::string& name) {
    Level& level = open_.back();
    if (duplicates_.size() < kMaxReportedFields && level.tree->contains(name)) {
      duplicates_.push_back(PathOf(name));
    }
    level.key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) {
    problem_ = "the text is not JSON: " + WithoutContent(error.what()) + " (byte " +
               std::to_string(position) + ")";
    return false;
  }

 private:
  struct Level {
    Json* tree;
    std::string key;
  };

  Json* Add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = open_.back();
    if (level.tree->is_array()) {
      return &level.tree->emplace_back(std::move(value));
    }
    Json& slot = (*level.tree)[level.key];
    slot = std::move(value);
    return &slot;
  }

  bool Open(Json value) {
    if (open_.size() >= kMaxDepth) {
      problem_ = "the text is nested deeper than " + std::to_string(kMaxDepth) + " levels";
      return false;
    }
    open_.push_back({Add(std::move(value)), {}});
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  std::string PathOf(const std::string& name) const {
    std::string path;
    for (std::size_t index = 0; index < open_.size() && path.size() <= kMaxPathBytes; ++index) {
      const Level& level = open_[index];
      const bool last = index + 1 == open_.size();
      if (level.tree->is_array()) {
        path += "[" + std::to_string(level.tree->size() - 1) + "]";
      } else {
        path += (path.empty() ? "" : ".") + (last ? name : level.key);
      }
    }
    return Shortened(std::move(path), kMaxPathBytes);
  }

  std::vector<std::string>& duplicates_;
  Json root_;
  std::vector<Level> open_;
  std::string problem_;
};

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  std::vector<std::string> duplicates;
  return ParseJson(text, duplicates);
}

Result<Json> ParseJson(std::string_view text, std::vector<std::string>& duplicates) {
  if (auto tree = ReadTree(text)) {
    return std::move(*tree);
  }
  TreeBuilder builder(duplicates);
  if (!Json::sax_parse(text, &builder)) {
    return Fail(Code::kBadRequest, builder.problem());
  }
  return builder.TakeTree();
}

Result<Json> ReadParts(std::string_view text, std::initializer_list<std::string_view> pointers) {
  if (auto parts = ReadTree(text, pointers)) {
    return std::move(*parts);
  }
  SLIPWAY_TRY(tree, ParseJson(text));
  Json parts = Json::object();
  for (const std::string_view pointer : pointers) {
    const Json::json_pointer place{std::string(pointer)};
    if (tree.contains(place)) {
      parts[place] = std::move(tree[place]);
    }
  }
  return parts;
}

}  // namespace slipway::objects
