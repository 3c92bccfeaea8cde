#include "src/protobuf/object_body.hpp"

#include <google/protobuf/message.h>
#include <nettle/base64.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"
#include "src/protobuf/objects.pb.h"
#include "tests/fuzz/target.hpp"

namespace slipway::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using objects::Json;
using protobuf::ExpectedObject;

namespace wire = protobuf::wire;

constexpr std::array<ExpectedObject, 10> kKinds = {{
    {"v1", "Secret"},
    {"v1", "ConfigMap"},
    {"v1", "Namespace"},
    {"v1", "Event"},
    {"coordination.k8s.io/v1", "Lease"},
    {"authorization.k8s.io/v1", "SelfSubjectAccessReview"},
    {"authorization.k8s.io/v1", "SelfSubjectRulesReview"},
    {"authentication.k8s.io/v1", "SelfSubjectReview"},
    {"v1", "DeleteOptions"},
    {"slipway.dev/v1alpha1", "Application"},
}};

std::string BytesOf(const std::string& base64) {
  base64_decode_ctx context;
  base64_decode_init(&context);
  std::string bytes(BASE64_DECODE_LENGTH(base64.size()), '\0');
  std::size_t size = bytes.size();
  Demand(base64_decode_update(&context, &size, reinterpret_cast<std::uint8_t*>(bytes.data()),
                              base64.size(), base64.data()) == 1 &&
             base64_decode_final(&context) == 1,
         "bytes are base64");
  bytes.resize(size);
  return bytes;
}

/// The text of a time, of which 0 is not one.
template <typename T>
void FillTime(T& message, const Json& tree) {
  if (tree.is_null()) {
    return;
  }
  const std::string text = tree;
  const auto time = api::ParseTime(text.substr(0, 19) + "Z");
  Demand(time.has_value(), "a time is one");
  const std::string fraction = text.size() > 20 ? text.substr(20, 6) : "0";
  message.set_seconds(
      std::chrono::floor<std::chrono::seconds>(time.value().time_since_epoch()).count());
  message.set_nanos(std::stoi(fraction) * 1000);
  if (message.seconds() == 0 && message.nanos() == 0) {
    message.set_nanos(1);
  }
}

void Fill(Message& message, const Json& tree);

void FillValue(Message& message, const FieldDescriptor& field, const Json& value) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      reflection.SetInt32(&message, &field, value);
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection.SetInt64(&message, &field, value);
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(&message, &field, value);
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(
          &message, &field,
          field.type() == FieldDescriptor::TYPE_BYTES ? BytesOf(value) : value.get<std::string>());
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      Fill(*reflection.MutableMessage(&message, &field), value);
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_ENUM:
      break;
  }
  Demand(false, "a type is one of those that are used");
}

void FillMany(Message& message, const FieldDescriptor& field, const Json& values) {
  const auto& reflection = *message.GetReflection();
  for (const auto& [name, value] : values.items()) {
    if (field.is_map()) {
      Message& entry = *reflection.AddMessage(&message, &field);
      FillValue(entry, *entry.GetDescriptor()->FindFieldByNumber(1), name);
      FillValue(entry, *entry.GetDescriptor()->FindFieldByNumber(2), value);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      reflection.AddString(&message, &field, value);
    } else {
      Fill(*reflection.AddMessage(&message, &field), value);
    }
  }
}

const FieldDescriptor* FieldNamed(const Message& message, const std::string& name) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    if (message.GetDescriptor()->field(i)->json_name() == name) {
      return message.GetDescriptor()->field(i);
    }
  }
  return nullptr;
}

/// The other way round from what is tried: a message out of its JSON.
void Fill(Message& message, const Json& tree) {
  if (auto* time = dynamic_cast<wire::Time*>(&message)) {
    FillTime(*time, tree);
  } else if (auto* micro = dynamic_cast<wire::MicroTime*>(&message)) {
    FillTime(*micro, tree);
  } else if (auto* fields = dynamic_cast<wire::FieldsV1*>(&message)) {
    fields->set_raw(tree.is_null() ? "" : PrintJson(tree));
  } else {
    for (const auto& [name, value] : tree.items()) {
      const FieldDescriptor* field = FieldNamed(message, name);
      if (field == nullptr) {
        Demand(name == "apiVersion" || name == "kind", "every field is one of the message");
      } else if (field->is_repeated()) {
        FillMany(message, *field, value);
      } else {
        FillValue(message, *field, value);
      }
    }
  }
}

template <typename T>
std::string Filled(const Json& tree) {
  T message;
  Fill(message, tree);
  return message.SerializeAsString();
}

/// The body that a client would send for an object.
std::string BodyOf(const Json& tree) {
  using Writer = std::string (*)(const Json&);
  static const std::map<std::string, Writer> kWriters = {
      {"Secret", Filled<wire::Secret>},
      {"ConfigMap", Filled<wire::ConfigMap>},
      {"Namespace", Filled<wire::Namespace>},
      {"Event", Filled<wire::Event>},
      {"Lease", Filled<wire::Lease>},
      {"SelfSubjectAccessReview", Filled<wire::SelfSubjectAccessReview>},
      {"SelfSubjectRulesReview", Filled<wire::SelfSubjectRulesReview>},
      {"SelfSubjectReview", Filled<wire::SelfSubjectReview>},
      {"DeleteOptions", Filled<wire::DeleteOptions>},
  };
  wire::Unknown envelope;
  envelope.mutable_type_meta()->set_api_version(tree["apiVersion"]);
  envelope.mutable_type_meta()->set_kind(tree["kind"]);
  envelope.set_raw(kWriters.at(tree["kind"])(tree));
  return std::string("k8s\0", 4) + envelope.SerializeAsString();
}

}  // namespace

// The first byte says what is expected, the others are a body: it is an object, or refused. What it is
// survives being sent again.
void TryBytes(std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  const ExpectedObject& expected = kKinds[static_cast<unsigned char>(bytes[0]) % kKinds.size()];
  const auto text = protobuf::ObjectTextOfProtobuf(bytes.substr(1), expected);
  if (!text.has_value()) {
    const Code code = text.error().code;
    Demand(code == Code::kBadRequest || code == Code::kUnsupportedMediaType,
           "what cannot be read is the client's fault");
    return;
  }
  const auto tree = objects::ParseJson(text.value());
  Demand(tree.has_value() && tree.value().is_object(), "an object is one, and not too deep");
  const auto again = protobuf::ObjectTextOfProtobuf(BodyOf(tree.value()), expected);
  Demand(again.has_value() && ReadJson(again.value()) == tree.value(),
         "an object survives being sent again");
}

}  // namespace slipway::fuzz
