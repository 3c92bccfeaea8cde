#include "src/protobuf/openapi_document.hpp"

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/protobuf/openapi_v2.pb.h"

namespace slipway::protobuf {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::json;

void Fill(Message& message, const Json& tree);

void SetScalar(Message& message, const FieldDescriptor& field, const Json& value) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, value.get<std::int64_t>());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, value.get<double>());
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, value.get<bool>());
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&message, &field, value.get<std::string>());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Fill(*reflection.MutableMessage(&message, &field), value);
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_ENUM:
      break;
  }
  SLIPWAY_UNREACHABLE("openapi_v2.proto uses a type that is not written: " + field.full_name());
}

void AddItem(Message& message, const FieldDescriptor& field, const Json& item) {
  const auto& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection.AddString(&message, &field, item.get<std::string>());
  } else {
    Fill(*reflection.AddMessage(&message, &field), item);
  }
}

void AddNamed(Message& message, const FieldDescriptor& field, const std::string& name,
              const Json& value) {
  Message& item = *message.GetReflection()->AddMessage(&message, &field);
  item.GetReflection()->SetString(&item, item.GetDescriptor()->FindFieldByName("name"), name);
  SetScalar(item, *item.GetDescriptor()->FindFieldByName("value"), value);
}

void SetField(Message& message, const FieldDescriptor& field, const Json& value) {
  const bool named = field.is_repeated() && field.message_type() != nullptr &&
                     field.message_type()->FindFieldByName("value") != nullptr;
  if (named) {
    for (const auto& [name, below] : value.items()) {
      AddNamed(message, field, name, below);
    }
  } else if (field.is_repeated() && value.is_array()) {
    for (const Json& item : value) {
      AddItem(message, field, item);
    }
  } else if (field.is_repeated()) {
    AddItem(message, field, value);  // what JSON gives as one value, such as a type
  } else {
    SetScalar(message, field, value);
  }
}

const FieldDescriptor* FieldOf(const Descriptor& type, std::string_view keyword) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == keyword) {
      return type.field(i);
    }
  }
  return nullptr;
}

/// A parameter is wrapped by where it is.
void FillParameter(openapi_v2::Parameter& parameter, const Json& tree) {
  const Json& place = tree.at("in");
  if (place == "body") {
    Fill(*parameter.mutable_body(), tree);
  } else if (place == "path") {
    Fill(*parameter.mutable_non_body()->mutable_path(), tree);
  } else {
    SLIPWAY_ASSERT(place == "query", "no such place of a parameter");
    Fill(*parameter.mutable_non_body()->mutable_query(), tree);
  }
}

void Fill(Message& message, const Json& tree) {
  const Descriptor& type = *message.GetDescriptor();
  if (&type == openapi_v2::Any::descriptor()) {
    return static_cast<openapi_v2::Any&>(message).set_yaml(PrintJson(tree));
  }
  if (&type == openapi_v2::Parameter::descriptor()) {
    return FillParameter(static_cast<openapi_v2::Parameter&>(message), tree);
  }
  if (type.field_count() == 1) {
    return SetField(message, *type.field(0), tree);  // a wrapper, of which JSON knows nothing
  }
  for (const auto& [keyword, value] : tree.items()) {
    const bool extension = keyword.starts_with("x-");
    const FieldDescriptor* field =
        extension ? type.FindFieldByName("vendor_extension") : FieldOf(type, keyword);
    SLIPWAY_ASSERT(field != nullptr, "openapi_v2.proto: " + type.name() + " has no " + keyword);
    if (extension) {
      AddNamed(message, *field, keyword, value);
    } else {
      SetField(message, *field, value);
    }
  }
}

}  // namespace

std::string ProtobufOfOpenApiV2(const nlohmann::json& document) {
  openapi_v2::Document message;
  Fill(message, document);
  return message.SerializeAsString();
}

}  // namespace slipway::protobuf
