#include "src/protobuf/object_body.hpp"

#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>
#include <nettle/base64.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"
#include "src/protobuf/objects.pb.h"

namespace slipway::protobuf {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using objects::Json;

constexpr std::string_view kMagic("k8s\0", 4);
/// Of a body that cannot be read at all: bytes that the message shows.
constexpr std::size_t kSummaryBytes = 30;
/// 0001-01-01 to 9999-12-31 in seconds since 1970: what RFC 3339 can write.
constexpr std::int64_t kFirstSecond = -62'135'596'800;
constexpr std::int64_t kLastSecond = 253'402'300'799;
constexpr std::int32_t kNanosInSecond = 1'000'000'000;

/// The kinds that are read, by "apiVersion/kind". DeleteOptions belong to every group.
const std::map<std::string, const Message*>& KnownKinds() {
  static const std::map<std::string, const Message*> kKinds = {
      {"v1/Namespace", &wire::Namespace::default_instance()},
      {"v1/Secret", &wire::Secret::default_instance()},
      {"v1/ConfigMap", &wire::ConfigMap::default_instance()},
      {"v1/Event", &wire::Event::default_instance()},
      {"coordination.k8s.io/v1/Lease", &wire::Lease::default_instance()},
      {"authorization.k8s.io/v1/SelfSubjectAccessReview",
       &wire::SelfSubjectAccessReview::default_instance()},
      {"authorization.k8s.io/v1/SelfSubjectRulesReview",
       &wire::SelfSubjectRulesReview::default_instance()},
      {"authentication.k8s.io/v1/SelfSubjectReview", &wire::SelfSubjectReview::default_instance()},
  };
  return kKinds;
}

const Message* PrototypeOf(std::string_view api_version, std::string_view kind) {
  if (kind == "DeleteOptions") {
    return &wire::DeleteOptions::default_instance();
  }
  const auto found = KnownKinds().find(std::string(api_version) + "/" + std::string(kind));
  return found == KnownKinds().end() ? nullptr : found->second;
}

std::string Base64Of(const std::string& bytes) {
  std::string text(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
  base64_encode_raw(text.data(), bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  return text;
}

/// A time as RFC 3339 in UTC, with or without microseconds; null for the one that is never meant.
Result<Json> TimeText(std::int64_t seconds, std::int32_t nanos, bool micro) {
  if (seconds == 0 && nanos == 0) {
    return Json();
  }
  if (seconds < kFirstSecond || seconds > kLastSecond || nanos < 0 || nanos >= kNanosInSecond) {
    return Fail(Code::kBadRequest, "a time is outside the years 1 to 9999");
  }
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 48> text{};
  const auto write = [&](const char* format, auto... more) {
    std::snprintf(text.data(), text.size(), format, static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), more...);
  };
  if (micro) {
    write("%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", nanos / 1000);
  } else {
    write("%04d-%02u-%02uT%02d:%02d:%02dZ");
  }
  return Json(text.data());
}

Result<Json> TreeOf(const Message& message);

/// One value of a field that is no list.
Result<Json> ValueOf(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Json(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return Json(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return Json(reflection.GetBool(message, &field));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = reflection.GetString(message, &field);
      return Json(field.type() == FieldDescriptor::TYPE_BYTES ? Base64Of(text) : std::move(text));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return TreeOf(reflection.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_ENUM:
      break;
  }
  SLIPWAY_UNREACHABLE("objects.proto uses a type that is not read: " + field.full_name());
}

Result<Json> MapOf(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Json tree = Json::object();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    const auto& key = *entry.GetDescriptor()->FindFieldByNumber(1);
    SLIPWAY_TRY(value, ValueOf(entry, *entry.GetDescriptor()->FindFieldByNumber(2)));
    tree[entry.GetReflection()->GetString(entry, &key)] = std::move(value);
  }
  return tree;
}

Result<Json> ListOf(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Json list = Json::array();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      list.push_back(reflection.GetRepeatedString(message, &field, i));
    } else {
      SLIPWAY_TRY(item, TreeOf(reflection.GetRepeatedMessage(message, &field, i)));
      list.push_back(std::move(item));
    }
  }
  return list;
}

Result<Json> FieldsOf(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> present;
  reflection.ListFields(message, &present);
  Json tree = Json::object();
  for (const FieldDescriptor* field : present) {
    Result<Json> value = field->is_map()        ? MapOf(message, *field)
                         : field->is_repeated() ? ListOf(message, *field)
                                                : ValueOf(message, *field);
    if (!value.has_value()) {
      return value;
    }
    tree[field->json_name()] = std::move(value.value());
  }
  return tree;
}

Result<Json> TreeOf(const Message& message) {
  const auto* type = message.GetDescriptor();
  if (type == wire::Time::descriptor()) {
    const auto& time = static_cast<const wire::Time&>(message);
    return TimeText(time.seconds(), time.nanos(), false);
  }
  if (type == wire::MicroTime::descriptor()) {
    const auto& time = static_cast<const wire::MicroTime&>(message);
    return TimeText(time.seconds(), time.nanos(), true);
  }
  if (type == wire::FieldsV1::descriptor()) {
    const std::string& text = static_cast<const wire::FieldsV1&>(message).raw();
    return text.empty() ? Result<Json>(Json()) : objects::ParseJson(text);
  }
  return FieldsOf(message);
}

/// Reads `bytes` into `message`; false where they are no such message.
bool Parse(Message& message, std::string_view bytes) {
  // libprotobuf would write on stderr what a stranger sent.
  const google::protobuf::LogSilencer silence;
  return bytes.size() <= std::size_t{1} << 30 &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// The beginning of a body that is none, as Kubernetes shows it.
std::string Summary(std::string_view body) {
  if (body.empty()) {
    return "<empty>";
  }
  const std::string_view begin = body.substr(0, kSummaryBytes);
  std::string text;
  if (body.front() == '{') {
    text = begin;
  } else {
    for (const char byte : begin) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      text += kDigits[static_cast<unsigned char>(byte) >> 4];
      text += kDigits[static_cast<unsigned char>(byte) & 15];
    }
  }
  return body.size() > begin.size() ? text + " ..." : text;
}

Result<wire::Unknown> EnvelopeOf(std::string_view body, const ExpectedObject& expected) {
  const auto fail = [&](const std::string& why) {
    return Fail(Code::kBadRequest, "the object provided is unrecognized (must be of type " +
                                       std::string(expected.kind) + "): " + why + " (" +
                                       Summary(body) + ")");
  };
  if (body.empty()) {
    return fail("empty data");
  }
  if (body.substr(0, kMagic.size()) != kMagic) {
    return fail(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  if (body.size() == kMagic.size()) {
    return fail("empty body");
  }
  wire::Unknown envelope;
  if (!Parse(envelope, body.substr(kMagic.size()))) {
    return fail("unexpected EOF");
  }
  wire::TypeMeta& type = *envelope.mutable_type_meta();
  if (type.kind().empty()) {
    type.set_kind(std::string(expected.kind));
  }
  if (type.api_version().empty()) {
    type.set_api_version(std::string(expected.api_version));
  }
  return envelope;
}

}  // namespace

Result<std::string> ObjectTextOfProtobuf(std::string_view body, const ExpectedObject& expected) {
  if (PrototypeOf(expected.api_version, expected.kind) == nullptr) {
    return Fail(Code::kUnsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json, application/yaml");
  }
  SLIPWAY_TRY(envelope, EnvelopeOf(body, expected));
  const wire::TypeMeta& type = envelope.type_meta();
  const auto fail = [&](const std::string& why) {
    const std::string version = type.api_version().substr(type.api_version().find('/') + 1);
    return Fail(Code::kBadRequest, type.kind() + " in version \"" + version +
                                       "\" cannot be handled as a " + std::string(expected.kind) +
                                       ": " + why);
  };
  const Message* prototype = PrototypeOf(type.api_version(), type.kind());
  if (prototype == nullptr) {
    return fail("no kind \"" + type.kind() + "\" is registered for version \"" +
                type.api_version() + "\" in scheme \"pkg/runtime/scheme.go:100\"");
  }
  const std::unique_ptr<Message> message(prototype->New());
  if (!Parse(*message, envelope.raw())) {
    return fail("unexpected EOF");
  }
  auto tree = TreeOf(*message);
  if (!tree.has_value()) {
    return fail(tree.error().message);
  }
  tree.value()["apiVersion"] = type.api_version();
  tree.value()["kind"] = type.kind();
  return PrintJson(tree.value());
}

}  // namespace slipway::protobuf
