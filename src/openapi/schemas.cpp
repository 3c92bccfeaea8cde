#include "src/openapi/schemas.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace slipway::openapi {
namespace {

using Json = nlohmann::json;

constexpr const char* kIntOrString = "x-kubernetes-int-or-string";
constexpr const char* kPreserve = "x-kubernetes-preserve-unknown-fields";

bool IsTrue(const Json& schema, const char* keyword) { return schema.value(keyword, false); }

/// Calls `change` on each schema right below this one.
template <typename Change>
void EachBelow(Json& schema, Change change) {
  if (schema.contains("properties")) {
    for (auto& [name, below] : schema["properties"].items()) {
      change(below);
    }
  }
  for (const char* keyword : {"items", "additionalProperties"}) {
    if (schema.contains(keyword)) {
      change(schema[keyword]);
    }
  }
}

/// An absent value must do for what may be null.
void ForgetRequiredNulls(Json& schema) {
  if (!schema.contains("required") || !schema.contains("properties")) {
    return;
  }
  Json required = Json::array();
  for (const Json& name : schema["required"]) {
    const auto property = schema["properties"].find(name.get<std::string>());
    if (property == schema["properties"].end() || !IsTrue(*property, "nullable")) {
      required.push_back(name);
    }
  }
  schema.erase("required");
  if (!required.empty()) {
    schema["required"] = required;
  }
}

void ToV2(Json& schema) {
  schema.erase("default");
  ForgetRequiredNulls(schema);
  if (IsTrue(schema, "nullable")) {
    schema.erase("type");
    schema.erase("nullable");
    schema.erase("items");
    schema.erase("properties");
  }
  if (IsTrue(schema, kPreserve)) {
    schema.erase("items");
    schema.erase("properties");
    if (schema.value("type", "") != "string") {
      schema.erase("type");
    }
  }
  EachBelow(schema, ToV2);
}

void ToV3(Json& schema) {
  if (IsTrue(schema, kIntOrString)) {
    schema["anyOf"] = Json::array({{{"type", "integer"}}, {{"type", "string"}}});
  }
  EachBelow(schema, ToV3);
}

void ForgetLimits(Json& schema) {
  for (const char* keyword :
       {"default", "nullable", "title", "pattern", "minimum", "maximum", "minLength", "maxLength",
        "minItems", "maxItems", "minProperties", "maxProperties"}) {
    schema.erase(keyword);
  }
  if (schema.value("format", "") == "password") {
    schema.erase("format");
  }
  EachBelow(schema, ForgetLimits);
}

}  // namespace

Json Published(const Json& schema, Dialect dialect) {
  Json published = schema;
  if (dialect == Dialect::kV2) {
    ToV2(published);
  } else {
    ToV3(published);
  }
  return published;
}

Json PublishedPlain(const Json& schema, Dialect dialect) {
  Json plain = schema;
  ForgetLimits(plain);
  return Published(plain, dialect);
}

Json Reference(const std::string& name, const std::string& description, Dialect dialect) {
  const bool v2 = dialect == Dialect::kV2;
  Json reference = {{"$ref", (v2 ? "#/definitions/" : "#/components/schemas/") + name}};
  if (description.empty()) {
    return reference;
  }
  if (!v2) {
    reference = {{"allOf", Json::array({reference})}};
  }
  reference["description"] = description;
  return reference;
}

}  // namespace slipway::openapi
