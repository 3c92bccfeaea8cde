#include "src/protobuf/openapi_document.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/protobuf/openapi_v2.pb.h"

namespace slipway::protobuf {
namespace {

openapi_v2::Document Written(std::string_view text) {
  openapi_v2::Document document;
  EXPECT_TRUE(document.ParseFromString(ProtobufOfOpenApiV2(ReadJson(text))));
  return document;
}

TEST(OpenApiDocument, HoldsSchemasWithTheirExtensions) {
  const auto document = Written(R"({"swagger": "2.0", "info": {"title": "t", "version": "1"},
    "definitions": {"a.B": {"type": "object", "required": ["c"], "x-kubernetes-thing": [{"kind": "B"}],
      "properties": {
        "c": {"type": "array", "items": {"$ref": "#/definitions/d"}, "maxItems": 3},
        "m": {"type": "object", "additionalProperties": {"type": "string", "enum": ["x", 1], "default": {}}}}}}})");
  EXPECT_EQ(document.swagger(), "2.0");
  EXPECT_EQ(document.info().title(), "t");
  ASSERT_EQ(document.definitions().additional_properties_size(), 1);
  const auto& named = document.definitions().additional_properties(0);
  EXPECT_EQ(named.name(), "a.B");
  const auto& schema = named.value();
  EXPECT_EQ(schema.type().value(0), "object");
  EXPECT_EQ(schema.required(0), "c");
  EXPECT_EQ(schema.vendor_extension(0).name(), "x-kubernetes-thing");
  EXPECT_EQ(schema.vendor_extension(0).value().yaml(), R"([{"kind":"B"}])");
  const auto& list = schema.properties().additional_properties(0).value();
  EXPECT_EQ(list.items().schema(0).ref(), "#/definitions/d");
  EXPECT_EQ(list.max_items(), 3);
  const auto& value = schema.properties().additional_properties(1).value().additional_properties();
  EXPECT_EQ(value.schema().enum_values(0).yaml(), "\"x\"");
  EXPECT_EQ(value.schema().enum_values(1).yaml(), "1");
  EXPECT_EQ(value.schema().default_value().yaml(), "{}");
}

TEST(OpenApiDocument, HoldsRequestsWithTheirParameters) {
  const auto document = Written(R"({"paths": {"/a/{name}": {
    "parameters": [{"in": "path", "name": "name", "required": true, "type": "string"}],
    "patch": {"operationId": "p", "consumes": ["x/y"], "x-kubernetes-group-version-kind": {"kind": "B"},
      "parameters": [{"in": "query", "name": "dryRun", "type": "string"},
                     {"in": "body", "name": "body", "schema": {"$ref": "#/definitions/d"}}],
      "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/d"}}}},
    "delete": {"operationId": "d"}}}})");
  const auto& path = document.paths().path(0);
  EXPECT_EQ(path.name(), "/a/{name}");
  EXPECT_EQ(path.value().parameters(0).parameter().non_body().path().name(), "name");
  EXPECT_EQ(path.value().delete_it().operation_id(), "d");
  const auto& patch = path.value().patch();
  EXPECT_EQ(patch.vendor_extension(0).value().yaml(), R"({"kind":"B"})");
  EXPECT_EQ(patch.parameters(0).parameter().non_body().query().name(), "dryRun");
  EXPECT_EQ(patch.parameters(1).parameter().body().schema().ref(), "#/definitions/d");
  const auto& response = patch.responses().response_code(0);
  EXPECT_EQ(response.name(), "200");
  EXPECT_EQ(response.value().response().schema().schema().ref(), "#/definitions/d");
}

TEST(OpenApiDocument, AKeywordThatIsNotKnownFailsAnAssertion) {
  const GuardedScope guarded;
  EXPECT_THROW(
      ProtobufOfOpenApiV2(ReadJson(R"({"definitions": {"a": {"type": "object", "allOf": []}}})")),
      AssertionFailed);
}

}  // namespace
}  // namespace slipway::protobuf
