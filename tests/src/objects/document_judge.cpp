// Answers questions about documents, one JSON object a line, for the property tests in Python:
//   {"schema": KIND, "action": "validate", "document": …} -> {"causes": [{"field", "message"}…]}
//   {"schema": KIND, "action": "round-trip", "document": …} -> {"error"} or {"equal", "defaulted", "encoded", …}
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/api/application.hpp"
#include "reconciler/api/fleet.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/repository_file.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/serverclaim.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/definitions.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::objects {
namespace {

Schema SchemaOf(const std::string& name) {
  if (name == "RepositoryFile") {
    static const Schema kFile(ReadJson(RepositoryFileSchema()));
    return kFile;
  }
  return FindByAnyName(name)->schema;
}

Json Defaulted(const std::string& name, Json tree, const Json& like) {
  if (like.contains("status") && !tree.contains("status")) {
    tree["status"] = Json::object();  // Encode leaves an empty status out
  }
  SchemaOf(name).Default(tree);
  return tree;
}

template <typename T>
Json RoundTrip(const std::string& name, const Json& document) {
  const auto value = api::Decode<T>(PrintJson(document));
  if (value.has_error()) {
    return {{"error", value.error().message}};
  }
  const std::string complete = Encode(value.value());
  const std::string canonical = EncodeCanonical(value.value());
  const Json defaulted = Defaulted(name, document, document);
  const auto from_defaulted = api::Decode<T>(PrintJson(defaulted));
  return {{"equal", api::Decode<T>(complete).value() == value.value()},
          {"equal_from_canonical", api::Decode<T>(canonical).value() == value.value()},
          {"canonical_knows_no_defaults", EncodeCanonical(from_defaulted.value()) == canonical},
          {"defaulted", defaulted},
          {"encoded", Defaulted(name, ReadJson(complete), document)}};
}

Json Validate(const std::string& name, const Json& document) {
  Json causes = Json::array();
  for (const Cause& cause : SchemaOf(name).Validate(document)) {
    causes.push_back({{"field", cause.field}, {"message", cause.message}});
  }
  return {{"causes", causes}};
}

Json Answer(const Json& question) {
  static const std::map<std::string, std::function<Json(const std::string&, const Json&)>>
      kRoundTrips = {
          {"Application", RoundTrip<api::Application>},
          {"Fleet", RoundTrip<api::Fleet>},
          {"GitRepository", RoundTrip<api::GitRepository>},
          {"RepositoryFile", RoundTrip<api::RepositoryFile>},
          {"Rollout", RoundTrip<api::Rollout>},
          {"Server", RoundTrip<api::Server>},
          {"ServerClaim", RoundTrip<api::ServerClaim>},
          {"TestRun", RoundTrip<api::TestRun>},
      };
  const std::string name = question["schema"];
  return question["action"] == "validate" ? Validate(name, question["document"])
                                          : kRoundTrips.at(name)(name, question["document"]);
}

}  // namespace
}  // namespace slipway::objects

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << slipway::PrintJson(slipway::objects::Answer(slipway::ReadJson(line))) << "\n";
  }
  return 0;
}
