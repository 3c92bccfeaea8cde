#pragma once

#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"

namespace slipway::protobuf {

/// The media type of such bodies.
inline constexpr const char* kObjectType = "application/vnd.kubernetes.protobuf";

/// What a body is expected to be, for what it does not say itself and for messages.
struct ExpectedObject {
  std::string_view api_version;  ///< such as "v1"
  std::string_view kind;         ///< such as "Secret"
};

/// An object as JSON text, from the bytes that Kubernetes' clients send with kObjectType: `k8s\0`, an
/// envelope with apiVersion and kind, the object. Fields that are not known are skipped, as
/// Kubernetes does; a text that is no UTF-8 is refused.
/// kUnsupportedMediaType: what is expected has no form in protobuf, as custom resources have none.
/// kBadRequest, in Kubernetes' words: it is no such body, or of a kind that is not read here. The caller
/// bounds its length. Thread-safe.
Result<std::string> ObjectTextOfProtobuf(std::string_view body, const ExpectedObject& expected);

}  // namespace slipway::protobuf
