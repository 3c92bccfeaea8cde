#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/api/meta.hpp"
#include "reconciler/api/scalars.hpp"
#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"

// What the generated codecs are made of, and what others build codecs of their own from. A file
// that uses it includes <nlohmann/json.hpp>. Pure; one Cursor belongs to one thread.
namespace slipway::api::codec {

using Json = nlohmann::json;

/// kCanonical also leaves out every field that equals its default.
enum class Form : std::uint8_t { kComplete, kCanonical };

/// Where a decoder is in the document, and the first thing that did not fit; after that nothing
/// more is read.
class Cursor {
 public:
  bool failed() const { return error_.has_value(); }
  Error TakeError() { return std::move(*error_); }

  void Enter(std::string_view key) { path_.push_back({key, 0}); }
  void Enter(std::size_t index) { path_.push_back({{}, index}); }
  void Leave() { path_.pop_back(); }

  /// Records `message` for the place where the cursor stands, unless something failed before.
  void Refuse(std::string_view message);

 private:
  struct Step {
    std::string_view key;  ///< empty: `index` counts
    std::size_t index;
  };

  std::vector<Step> path_;
  std::optional<Error> error_;
};

/// Parses text; Code::kBadRequest where it is no JSON.
Result<Json> Parse(std::string_view text);

// --- JSON -> value. Each Read refuses by the cursor what does not fit, and then leaves `value` in any
// state. Overloads for enums and structs are generated.

/// A scalar, or the whole of metadata.
void Read(const Json& json, bool& value, Cursor& at);
void Read(const Json& json, std::int64_t& value, Cursor& at);
void Read(const Json& json, std::string& value, Cursor& at);
void Read(const Json& json, Duration& value, Cursor& at);
void Read(const Json& json, Time& value, Cursor& at);
void Read(const Json& json, IntOrPercent& value, Cursor& at);
void Read(const Json& json, Quantity& value, Cursor& at);
void Read(const Json& json, OwnerReference& value, Cursor& at);
void Read(const Json& json, ObjectMeta& value, Cursor& at);

/// Whether `json` is an object, or a list; refuses it otherwise.
bool IsObject(const Json& json, Cursor& at);
bool IsList(const Json& json, Cursor& at);

/// The items of a list, and the value of a field: nullptr where it is absent or null.
std::size_t Size(const Json& list);
const Json& Item(const Json& list, std::size_t index);
const Json* FindField(const Json& object, std::string_view key);

/// Calls `read` for each field of an object until something is refused.
void ReadEach(const Json& object, Cursor& at,
              const std::function<void(const std::string& key, const Json& value)>& read);

/// An id is read as its text.
template <typename Tag>
void Read(const Json& json, StrongId<Tag>& value, Cursor& at) {
  Read(json, value.value, at);
}

/// What is there is read; ReadField does not come here for what is absent.
template <typename T>
void Read(const Json& json, std::optional<T>& value, Cursor& at) {
  Read(json, value.emplace(), at);
}

/// A list, item by item.
template <typename T>
void Read(const Json& json, std::vector<T>& value, Cursor& at) {
  if (!IsList(json, at)) {
    return;
  }
  value.reserve(Size(json));
  for (std::size_t index = 0; index < Size(json) && !at.failed(); ++index) {
    at.Enter(index);
    Read(Item(json, index), value.emplace_back(), at);
    at.Leave();
  }
}

/// An object with any keys.
template <typename T>
void Read(const Json& json, std::map<std::string, T>& value, Cursor& at) {
  if (IsObject(json, at)) {
    ReadEach(json, at,
             [&](const std::string& key, const Json& item) { Read(item, value[key], at); });
  }
}

/// Whether a field may be absent.
enum class Presence : std::uint8_t { kOptional, kRequired };

/// Reads `object[key]` where it is there and not null; the value stays as it is otherwise.
template <typename T>
void ReadField(const Json& object, std::string_view key, Presence presence, T& value, Cursor& at) {
  if (at.failed()) {
    return;
  }
  const Json* found = FindField(object, key);
  at.Enter(key);
  if (found != nullptr) {
    Read(*found, value, at);
  } else if (presence == Presence::kRequired) {
    at.Refuse("is required");
  }
  at.Leave();
}

/// Refuses an object of another kind; one without a kind is accepted.
void ReadKind(const Json& object, std::string_view kind, Cursor& at);

/// Parses text and hands the tree to `read`. What was wrong; nothing where all was well.
std::optional<Error> ParseAndRead(std::string_view text,
                                  const std::function<void(const Json&, Cursor&)>& read);

/// Reads a whole document.
template <typename T>
Result<T> DecodeAs(std::string_view text) {
  T value;
  std::optional<Error> error =
      ParseAndRead(text, [&](const Json& json, Cursor& at) { Read(json, value, at); });
  if (error) {
    return std::move(*error);
  }
  return value;
}

// --- value -> JSON. Overloads for enums and structs are generated.

/// A scalar, or the whole of metadata.
Json Write(bool value, Form form);
Json Write(std::int64_t value, Form form);
Json Write(const std::string& value, Form form);
Json Write(Duration value, Form form);
Json Write(Time value, Form form);
Json Write(IntOrPercent value, Form form);
Json Write(Quantity value, Form form);
Json Write(const OwnerReference& value, Form form);
Json Write(const ObjectMeta& value, Form form);

/// Sets a field; makes `object` an object where it is null. Append: the same for a list.
void Put(Json& object, std::string_view key, Json&& value);
void Append(Json& list, Json&& value);

/// A list without items and an object without fields.
void MakeList(Json& json);
void MakeObject(Json& json);

/// An id is written as its text. (Tree is always Json, named so late that json_fwd.hpp is enough
/// here.)
template <typename Tag, typename Tree = Json>
Tree Write(const StrongId<Tag>& value, Form form) {
  return Write(value.value, form);
}

/// A list, item by item.
template <typename T, typename Tree = Json>
Tree Write(const std::vector<T>& value, Form form) {
  Tree json;
  MakeList(json);
  for (const T& item : value) {
    Append(json, Write(item, form));
  }
  return json;
}

/// An object with any keys.
template <typename T, typename Tree = Json>
Tree Write(const std::map<std::string, T>& value, Form form) {
  Tree json;
  MakeObject(json);
  for (const auto& [key, item] : value) {
    Put(json, key, Write(item, form));
  }
  return json;
}

/// Writes a field that is always there.
template <typename T>
void WriteRequired(Json& object, const char* key, const T& value, Form form) {
  Put(object, key, Write(value, form));
}

/// Writes a field that has a default; the canonical form leaves the default out.
template <typename T>
void WriteDefaulted(Json& object, const char* key, const T& value, const T& initial, Form form) {
  if (form == Form::kComplete || !(value == initial)) {
    Put(object, key, Write(value, form));
  }
}

/// Writes a field that may be absent.
template <typename T>
void WriteOptional(Json& object, const char* key, const std::optional<T>& value, Form form) {
  if (value.has_value()) {
    Put(object, key, Write(*value, form));
  }
}

/// Writes a string, id, list or map for which empty and absent are the same.
template <typename T>
void WriteUnlessEmpty(Json& object, const char* key, const T& value, Form form) {
  if (!value.empty()) {
    Put(object, key, Write(value, form));
  }
}

}  // namespace slipway::api::codec
