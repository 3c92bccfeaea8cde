#include "src/git/wire.hpp"

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/git/problem.hpp"

namespace slipway::git::wire {

Result<Json> ParseObject(const std::string& text) {
  Json json = ReadJson(text);
  if (!json.is_object()) return MakeError(Problem::kInternal, "the message is not a JSON object");
  return json;
}

std::string Text(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t Number(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool Flag(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

Json Object(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : Json::object();
}

std::string Dump(const Json& json) { return PrintJson(json); }

Json FromError(const Error& error) {
  return {{"reason", ReasonOf(ProblemOf(error))}, {"message", error.message}};
}

Error ToError(const Json& json) {
  return MakeError(ProblemNamed(Text(json, "reason")), Text(json, "message"));
}

}  // namespace slipway::git::wire
