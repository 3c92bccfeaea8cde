#include "src/objects/fast_json.hpp"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

namespace dom = simdjson::dom;

/// A parser keeps some twenty times the bytes of the largest text that it has read.
constexpr std::size_t kKeptFor = 64 << 10;

/// Reads one text; the tree of simdjson lives as long as this does.
class Document {
 public:
  explicit Document(std::string_view text) {
    static thread_local dom::parser kept;
    dom::parser& parser = text.size() <= kKeptFor ? kept : own_;
    // A level more than we take, so that what is too deep is seen by us.
    if (parser.max_depth() != kMaxDepth + 1 &&
        parser.allocate(text.size(), kMaxDepth + 1) != simdjson::SUCCESS) {
      return;
    }
    if (parser.parse(text.data(), text.size()).get(root_) == simdjson::SUCCESS) {
      good_ = true;
    }
  }

  bool good() const { return good_; }
  const dom::element& root() const { return root_; }

 private:
  dom::parser own_;
  dom::element root_;
  bool good_ = false;
};

bool Convert(const dom::element& from, std::size_t depth, Json& to);

bool ConvertObject(const dom::object& from, std::size_t depth, Json& to) {
  to = Json::object();
  auto& fields = to.get_ref<Json::object_t&>();
  for (const dom::key_value_pair field : from) {
    const std::size_t before = fields.size();
    // Our own texts are sorted: the next field comes behind all others.
    const auto slot = fields.emplace_hint(fields.end(), std::string(field.key), nullptr);
    if (fields.size() == before || !Convert(field.value, depth, slot->second)) {
      return false;
    }
  }
  return true;
}

bool ConvertList(const dom::array& from, std::size_t depth, Json& to) {
  to = Json::array();
  auto& items = to.get_ref<Json::array_t&>();
  items.reserve(from.size());
  for (const dom::element item : from) {
    if (!Convert(item, depth, items.emplace_back())) {
      return false;
    }
  }
  return true;
}

/// `depth`: the objects and lists around it.
bool Convert(const dom::element& from, std::size_t depth, Json& to) {
  switch (from.type()) {
    case dom::element_type::OBJECT:
      return depth < kMaxDepth && ConvertObject(from.get_object().value_unsafe(), depth + 1, to);
    case dom::element_type::ARRAY:
      return depth < kMaxDepth && ConvertList(from.get_array().value_unsafe(), depth + 1, to);
    case dom::element_type::STRING:
      to = std::string(from.get_string().value_unsafe());
      return true;
    case dom::element_type::INT64: {
      const std::int64_t number = from.get_int64().value_unsafe();
      to = number < 0 ? Json(number) : Json(static_cast<std::uint64_t>(number));
      return true;
    }
    case dom::element_type::UINT64:
      to = from.get_uint64().value_unsafe();
      return true;
    case dom::element_type::DOUBLE:
      to = from.get_double().value_unsafe();
      return true;
    case dom::element_type::BOOL:
      to = from.get_bool().value_unsafe();
      return true;
    case dom::element_type::NULL_VALUE:
      to = nullptr;
      return true;
  }
  return false;
}

}  // namespace

std::optional<Json> ReadTree(std::string_view text) {
  const Document document(text);
  Json tree;
  if (!document.good() || !Convert(document.root(), 0, tree)) {
    return std::nullopt;
  }
  return tree;
}

std::optional<Json> ReadTree(std::string_view text,
                             std::initializer_list<std::string_view> pointers) {
  const Document document(text);
  if (!document.good()) {
    return std::nullopt;
  }
  Json tree = Json::object();
  for (const std::string_view pointer : pointers) {
    dom::element part;
    if (document.root().at_pointer(pointer).get(part) == simdjson::SUCCESS &&
        !Convert(part, 0, tree[Json::json_pointer(std::string(pointer))])) {
      return std::nullopt;
    }
  }
  return tree;
}

}  // namespace slipway::objects
