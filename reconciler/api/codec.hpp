#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/api/meta.hpp"
#include "reconciler/api/scalars.hpp"
#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"

// What the generated codecs are made of. Heavy: only for their .cpp files.
namespace slipway::api::codec {

using Json = nlohmann::json;

/// kCanonical also leaves out every field that equals its default.
enum class Form : std::uint8_t { kComplete, kCanonical };

/// Where a decoder is in the document, and the first thing that did not fit; after that nothing more is read.
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

/// `value` as text, keys sorted. Bytes that are no UTF-8 become U+FFFD.
std::string Print(const Json& value);

// --- JSON -> value. Overloads for enums and structs are generated.

void Read(const Json& json, bool& value, Cursor& at);
void Read(const Json& json, std::int64_t& value, Cursor& at);
void Read(const Json& json, std::string& value, Cursor& at);
void Read(const Json& json, Duration& value, Cursor& at);
void Read(const Json& json, Time& value, Cursor& at);
void Read(const Json& json, IntOrPercent& value, Cursor& at);
void Read(const Json& json, Quantity& value, Cursor& at);
void Read(const Json& json, OwnerReference& value, Cursor& at);
void Read(const Json& json, ObjectMeta& value, Cursor& at);

template <typename Tag>
void Read(const Json& json, StrongId<Tag>& value, Cursor& at) {
  Read(json, value.value, at);
}

template <typename T>
void Read(const Json& json, std::optional<T>& value, Cursor& at) {
  Read(json, value.emplace(), at);
}

template <typename T>
void Read(const Json& json, std::vector<T>& value, Cursor& at) {
  if (!json.is_array()) {
    at.Refuse("must be a list");
    return;
  }
  value.reserve(json.size());
  for (std::size_t index = 0; index < json.size() && !at.failed(); ++index) {
    at.Enter(index);
    Read(json[index], value.emplace_back(), at);
    at.Leave();
  }
}

template <typename T>
void Read(const Json& json, std::map<std::string, T>& value, Cursor& at) {
  if (!json.is_object()) {
    at.Refuse("must be an object");
    return;
  }
  for (const auto& [key, item] : json.items()) {
    at.Enter(key);
    Read(item, value[key], at);
    at.Leave();
    if (at.failed()) {
      return;
    }
  }
}

enum class Presence : std::uint8_t { kOptional, kRequired };

/// Reads `object[key]` where it is there and not null; the value stays as it is otherwise.
template <typename T>
void ReadField(const Json& object, std::string_view key, Presence presence, T& value, Cursor& at) {
  if (at.failed()) {
    return;
  }
  const auto found = object.find(key);
  at.Enter(key);
  if (found != object.end() && !found->is_null()) {
    Read(*found, value, at);
  } else if (presence == Presence::kRequired) {
    at.Refuse("is required");
  }
  at.Leave();
}

/// Whether `json` is an object; refuses it otherwise.
bool IsObject(const Json& json, Cursor& at);

/// Refuses an object of another kind; one without a kind is accepted.
void ReadKind(const Json& object, std::string_view kind, Cursor& at);

/// Parses and reads a whole document.
template <typename T>
Result<T> DecodeAs(std::string_view text) {
  SLIPWAY_TRY(json, Parse(text));
  T value;
  Cursor at;
  Read(json, value, at);
  if (at.failed()) {
    return at.TakeError();
  }
  return value;
}

// --- value -> JSON. Overloads for enums and structs are generated.

Json Write(bool value, Form form);
Json Write(std::int64_t value, Form form);
Json Write(const std::string& value, Form form);
Json Write(Duration value, Form form);
Json Write(Time value, Form form);
Json Write(IntOrPercent value, Form form);
Json Write(Quantity value, Form form);
Json Write(const OwnerReference& value, Form form);
Json Write(const ObjectMeta& value, Form form);

template <typename Tag>
Json Write(const StrongId<Tag>& value, Form form) {
  return Write(value.value, form);
}

template <typename T>
Json Write(const std::vector<T>& value, Form form) {
  Json json = Json::array();
  for (const T& item : value) {
    json.push_back(Write(item, form));
  }
  return json;
}

template <typename T>
Json Write(const std::map<std::string, T>& value, Form form) {
  Json json = Json::object();
  for (const auto& [key, item] : value) {
    json[key] = Write(item, form);
  }
  return json;
}

/// Writes a field that is always there.
template <typename T>
void WriteRequired(Json& object, const char* key, const T& value, Form form) {
  object[key] = Write(value, form);
}

/// Writes a field that has a default; the canonical form leaves the default out.
template <typename T>
void WriteDefaulted(Json& object, const char* key, const T& value, const T& initial, Form form) {
  if (form == Form::kComplete || !(value == initial)) {
    object[key] = Write(value, form);
  }
}

/// Writes a field that may be absent.
template <typename T>
void WriteOptional(Json& object, const char* key, const std::optional<T>& value, Form form) {
  if (value.has_value()) {
    object[key] = Write(*value, form);
  }
}

/// Writes a string, id, list or map for which empty and absent are the same.
template <typename T>
void WriteUnlessEmpty(Json& object, const char* key, const T& value, Form form) {
  if (!value.empty()) {
    object[key] = Write(value, form);
  }
}

}  // namespace slipway::api::codec
