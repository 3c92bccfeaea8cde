#include "src/openapi/schemas.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"

namespace slipway::openapi {
namespace {

using nlohmann::json;

json V2(const char* schema) { return Published(ReadJson(schema), Dialect::kV2); }
json V3(const char* schema) { return Published(ReadJson(schema), Dialect::kV3); }

TEST(Schemas, AnIntegerOrAStringHasNoTypeInV2AndBothInV3) {
  const char* schema = R"({"x-kubernetes-int-or-string": true, "pattern": "^a$"})";
  EXPECT_EQ(V2(schema), ReadJson(schema));
  EXPECT_EQ(V3(schema), ReadJson(R"({"x-kubernetes-int-or-string": true, "pattern": "^a$",
    "anyOf": [{"type": "integer"}, {"type": "string"}]})"));
}

TEST(Schemas, WhatMayBeNullLosesItsTypeInV2AndIsNotRequired) {
  const char* schema = R"({"type": "object", "required": ["a", "b"], "properties": {
    "a": {"type": "object", "nullable": true, "properties": {"c": {"type": "string"}}},
    "b": {"type": "string"}}})";
  EXPECT_EQ(V2(schema), ReadJson(R"({"type": "object", "required": ["b"], "properties": {
    "a": {}, "b": {"type": "string"}}})"));
  EXPECT_EQ(V3(schema), ReadJson(schema));
  EXPECT_EQ(V2(R"({"type": "object", "required": ["a"], "properties": {"a": {"nullable": true}}})"),
            ReadJson(R"({"type": "object", "properties": {"a": {}}})"));
}

TEST(Schemas, WhatKeepsUnknownFieldsIsOpenInV2) {
  const char* schema = R"({"type": "object", "properties": {
    "a": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
          "properties": {"c": {"type": "string"}}}}})";
  EXPECT_EQ(V2(schema), ReadJson(R"({"type": "object", "properties": {
    "a": {"x-kubernetes-preserve-unknown-fields": true}}})"));
  EXPECT_EQ(V3(schema), ReadJson(schema));
}

TEST(Schemas, V2HasNoDefaults) {
  const char* schema = R"({"type": "array", "items": {"type": "object", "additionalProperties":
    {"type": "integer", "default": 3, "maximum": 5}}})";
  EXPECT_EQ(V2(schema), ReadJson(R"({"type": "array", "items": {"type": "object",
    "additionalProperties": {"type": "integer", "maximum": 5}}})"));
  EXPECT_EQ(V3(schema), ReadJson(schema));
}

TEST(Schemas, APropertyMayBeNamedAsAKeyword) {
  const char* schema = R"({"type": "object", "properties": {
    "default": {"type": "string"}, "items": {"type": "string"}, "nullable": {"type": "boolean"}}})";
  EXPECT_EQ(V2(schema), ReadJson(schema));
  EXPECT_EQ(PublishedPlain(ReadJson(schema), Dialect::kV2), ReadJson(schema));
}

TEST(Schemas, KindsOfKubernetesShowNoLimits) {
  EXPECT_EQ(PublishedPlain(ReadJson(R"({"type": "object", "maxProperties": 3, "title": "T",
    "additionalProperties": {"type": "string", "format": "password", "maxLength": 9, "default": "x",
                             "nullable": true, "description": "d"}})"),
                           Dialect::kV3),
            ReadJson(R"({"type": "object", "additionalProperties":
              {"type": "string", "description": "d"}})"));
}

TEST(Schemas, AReferenceIsWrappedWhereItHasADescription) {
  EXPECT_EQ(Reference("a", "", Dialect::kV2), ReadJson(R"({"$ref": "#/definitions/a"})"));
  EXPECT_EQ(Reference("a", "d", Dialect::kV2),
            ReadJson(R"({"$ref": "#/definitions/a", "description": "d"})"));
  EXPECT_EQ(Reference("a", "", Dialect::kV3), ReadJson(R"({"$ref": "#/components/schemas/a"})"));
  EXPECT_EQ(Reference("a", "d", Dialect::kV3),
            ReadJson(R"({"allOf": [{"$ref": "#/components/schemas/a"}], "description": "d"})"));
}

}  // namespace
}  // namespace slipway::openapi
