// Answers what becomes of writes, one JSON object a line, for whoever compares it with another server:
//   {"do": "update" or "apply", "status": bool, "live": object or null, "object": …, "manager": …, "force": bool}
//   -> {"object": …} or {"error": {"code", "message", "causes"}}
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/base/json.hpp"
#include "src/objects/field_ownership.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::objects {
namespace {

Json Failed(const Error& error) {
  Json causes = Json::array();
  for (const Cause& cause : error.causes) {
    causes.push_back(
        {{"field", cause.field}, {"message", cause.message}, {"reason", cause.reason}});
  }
  return {{"error",
           {{"code", HttpStatus(error.code)}, {"message", error.message}, {"causes", causes}}}};
}

Json Answer(const KindInfo& kind, const Json& question) {
  const Json* live = question["live"].is_null() ? nullptr : &question["live"];
  const Author author{.manager = question["manager"],
                      .now = std::chrono::floor<Duration>(std::chrono::system_clock::now()),
                      .part = question["status"] == true ? Part::kStatus : Part::kMain};
  if (question["do"] == "apply") {
    auto applied =
        ApplyConfiguration(kind, live, question["object"], author, question["force"] == true);
    return applied.has_value() ? Json{{"object", applied.value()}} : Failed(applied.error());
  }
  Json object = question["object"];
  Json sent;
  if (object["metadata"].contains("managedFields")) {
    sent = object["metadata"]["managedFields"];
  }
  KeepOwners(kind, live, object, sent, author);
  return {{"object", object}};
}

}  // namespace
}  // namespace slipway::objects

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  const auto* kind = slipway::objects::FindByAnyName(arguments.at(1));
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto question = slipway::objects::ParseJson(line);
    std::cout << slipway::PrintJson(slipway::objects::Answer(*kind, question.value())) << std::endl;
  }
  return 0;
}
