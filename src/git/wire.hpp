#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/git/problem.hpp"

/// Private to this folder: the JSON between a child process and its parent. Both ends are the same
/// build, so what does not fit is a fault of ours; it is still an Error, because a child may have
/// been cut off.
namespace slipway::git::wire {

using Json = nlohmann::json;

inline Result<Json> ParseObject(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return MakeError(Problem::kInternal, "the message is not a JSON object");
  return json;
}

/// The member, or nothing where it is missing or of another type.
inline std::string Text(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}
inline std::uint64_t Number(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}
inline bool Flag(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}
inline Json Object(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : Json::object();
}

/// Bytes that are not UTF-8 (from a remote's message) become U+FFFD rather than an exception.
inline std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline Json FromError(const Error& error) {
  return {{"reason", ReasonOf(ProblemOf(error))}, {"message", error.message}};
}

/// The Error in a reply that is not `ok`.
inline Error ToError(const Json& reply) {
  return MakeError(ProblemNamed(Text(reply, "reason")), Text(reply, "message"));
}

}  // namespace slipway::git::wire
