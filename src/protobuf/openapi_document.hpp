#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace slipway::protobuf {

/// The media type of such documents.
inline constexpr const char* kOpenApiV2Type =
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// An OpenAPI v2 document in the protobuf form of gnostic, which kubectl before 1.27 reads. A keyword
/// that the description here does not know fails an assertion. Thread-safe.
std::string ProtobufOfOpenApiV2(const nlohmann::json& document);

}  // namespace slipway::protobuf
