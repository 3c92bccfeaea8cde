#include "reconciler/api/codec.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"

namespace slipway::api::codec {
namespace {

/// The largest integer up to which a double holds every one.
constexpr double kExactDouble = 9007199254740992.0;

void RefuseAs(const Error& error, Cursor& at) { at.Refuse(error.message); }

template <typename T, typename Parse>
void ReadText(const Json& json, T& value, Cursor& at, Parse parse) {
  std::string text;
  Read(json, text, at);
  if (at.failed()) {
    return;
  }
  auto parsed = parse(text);
  if (parsed.has_value()) {
    value = parsed.value();
  } else {
    RefuseAs(parsed.error(), at);
  }
}

}  // namespace

void Cursor::Refuse(std::string_view message) {
  if (failed()) {
    return;
  }
  std::string path;
  for (const Step& step : path_) {
    if (step.key.empty()) {
      path += "[" + std::to_string(step.index) + "]";
    } else {
      path += (path.empty() ? "" : ".") + std::string(step.key);
    }
  }
  const std::string text(message);
  error_ = Fail(Code::kInvalid, path.empty() ? text : path + ": " + text);
  error_->causes.push_back(Cause{.field = path, .message = text, .reason = "FieldValueInvalid"});
}

Result<Json> Parse(std::string_view text) {
  Json json = ReadJson(text);
  if (json.is_discarded()) {
    return Fail(Code::kBadRequest, "the text is not JSON");
  }
  return json;
}

bool IsObject(const Json& json, Cursor& at) {
  if (!json.is_object()) {
    at.Refuse("must be an object");
    return false;
  }
  return true;
}

bool IsList(const Json& json, Cursor& at) {
  if (!json.is_array()) {
    at.Refuse("must be a list");
    return false;
  }
  return true;
}

std::size_t Size(const Json& list) { return list.size(); }

const Json& Item(const Json& list, std::size_t index) { return list[index]; }

const Json* FindField(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && !found->is_null() ? &*found : nullptr;
}

void ReadEach(const Json& object, Cursor& at,
              const std::function<void(const std::string& key, const Json& value)>& read) {
  for (const auto& [key, value] : object.items()) {
    at.Enter(key);
    read(key, value);
    at.Leave();
    if (at.failed()) {
      return;
    }
  }
}

std::optional<Error> ParseAndRead(std::string_view text,
                                  const std::function<void(const Json&, Cursor&)>& read) {
  const auto json = Parse(text);
  if (json.has_error()) {
    return json.error();
  }
  Cursor at;
  read(json.value(), at);
  return at.failed() ? std::optional(at.TakeError()) : std::nullopt;
}

void Put(Json& object, std::string_view key, Json&& value) {
  object[std::string(key)] = std::move(value);
}

void Append(Json& list, Json&& value) { list.push_back(std::move(value)); }

void MakeList(Json& json) { json = Json::array(); }

void MakeObject(Json& json) { json = Json::object(); }

void ReadKind(const Json& object, std::string_view kind, Cursor& at) {
  const auto found = object.find("kind");
  if (found != object.end() && *found != kind) {
    at.Enter("kind");
    at.Refuse("must be " + std::string(kind));
    at.Leave();
  }
}

void Read(const Json& json, bool& value, Cursor& at) {
  if (json.is_boolean()) {
    value = json.get<bool>();
  } else {
    at.Refuse("must be true or false");
  }
}

void Read(const Json& json, std::int64_t& value, Cursor& at) {
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      value = static_cast<std::int64_t>(number);
      return;
    }
  } else if (json.is_number_integer()) {
    value = json.get<std::int64_t>();
    return;
  } else if (json.is_number_float()) {
    const auto number = json.get<double>();
    if (std::trunc(number) == number && std::abs(number) <= kExactDouble) {
      value = static_cast<std::int64_t>(number);
      return;
    }
  }
  at.Refuse("must be an integer of at most 64 bits");
}

void Read(const Json& json, std::string& value, Cursor& at) {
  if (json.is_string()) {
    value = json.get_ref<const std::string&>();
  } else {
    at.Refuse("must be a string");
  }
}

void Read(const Json& json, Duration& value, Cursor& at) {
  ReadText(json, value, at, ParseDuration);
}

void Read(const Json& json, Time& value, Cursor& at) { ReadText(json, value, at, ParseTime); }

void Read(const Json& json, Quantity& value, Cursor& at) {
  if (json.is_number()) {
    ReadText(Json(json.dump()), value, at, ParseQuantity);
  } else {
    ReadText(json, value, at, ParseQuantity);
  }
}

void Read(const Json& json, IntOrPercent& value, Cursor& at) {
  if (json.is_number()) {
    std::int64_t count = 0;
    Read(json, count, at);
    if (count < 0) {
      at.Refuse("must not be negative");
    }
    value = IntOrPercent::Count(count);
  } else {
    ReadText(json, value, at, ParseIntOrPercent);
  }
}

void Read(const Json& json, OwnerReference& value, Cursor& at) {
  if (!IsObject(json, at)) {
    return;
  }
  ReadField(json, "apiVersion", Presence::kOptional, value.api_version, at);
  ReadField(json, "kind", Presence::kOptional, value.kind, at);
  ReadField(json, "name", Presence::kOptional, value.name, at);
  ReadField(json, "uid", Presence::kRequired, value.uid, at);
  ReadField(json, "controller", Presence::kOptional, value.controller, at);
  ReadField(json, "blockOwnerDeletion", Presence::kOptional, value.block_owner_deletion, at);
}

void Read(const Json& json, ObjectMeta& value, Cursor& at) {
  if (!IsObject(json, at)) {
    return;
  }
  ReadField(json, "name", Presence::kOptional, value.name, at);
  ReadField(json, "namespace", Presence::kOptional, value.ns, at);
  ReadField(json, "uid", Presence::kOptional, value.uid, at);
  ReadField(json, "resourceVersion", Presence::kOptional, value.resource_version, at);
  ReadField(json, "generation", Presence::kOptional, value.generation, at);
  ReadField(json, "labels", Presence::kOptional, value.labels, at);
  ReadField(json, "annotations", Presence::kOptional, value.annotations, at);
  ReadField(json, "ownerReferences", Presence::kOptional, value.owner_references, at);
  ReadField(json, "finalizers", Presence::kOptional, value.finalizers, at);
  ReadField(json, "creationTimestamp", Presence::kOptional, value.creation_timestamp, at);
  ReadField(json, "deletionTimestamp", Presence::kOptional, value.deletion_timestamp, at);
}

Json Write(bool value, Form) { return value; }
Json Write(std::int64_t value, Form) { return value; }
Json Write(const std::string& value, Form) { return value; }
Json Write(Duration value, Form) { return FormatDuration(value); }
Json Write(Time value, Form) { return FormatTime(value); }
Json Write(Quantity value, Form) { return FormatQuantity(value); }

Json Write(IntOrPercent value, Form) {
  return value.is_percent() ? Json(FormatIntOrPercent(value)) : Json(value.value());
}

Json Write(const OwnerReference& value, Form form) {
  Json json = Json::object();
  WriteRequired(json, "apiVersion", value.api_version, form);
  WriteRequired(json, "kind", value.kind, form);
  WriteRequired(json, "name", value.name, form);
  WriteRequired(json, "uid", value.uid, form);
  WriteDefaulted(json, "controller", value.controller, false, Form::kCanonical);
  WriteDefaulted(json, "blockOwnerDeletion", value.block_owner_deletion, false, Form::kCanonical);
  return json;
}

Json Write(const ObjectMeta& value, Form form) {
  Json json = Json::object();
  WriteUnlessEmpty(json, "name", value.name, form);
  WriteUnlessEmpty(json, "namespace", value.ns, form);
  WriteUnlessEmpty(json, "uid", value.uid, form);
  WriteUnlessEmpty(json, "resourceVersion", value.resource_version, form);
  WriteDefaulted(json, "generation", value.generation, std::int64_t{0}, Form::kCanonical);
  WriteUnlessEmpty(json, "labels", value.labels, form);
  WriteUnlessEmpty(json, "annotations", value.annotations, form);
  WriteUnlessEmpty(json, "ownerReferences", value.owner_references, form);
  WriteUnlessEmpty(json, "finalizers", value.finalizers, form);
  WriteOptional(json, "creationTimestamp", value.creation_timestamp, form);
  WriteOptional(json, "deletionTimestamp", value.deletion_timestamp, form);
  return json;
}

}  // namespace slipway::api::codec
