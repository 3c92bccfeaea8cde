#include "src/objects/repository_file.hpp"

#include <nlohmann/json.hpp>

#include "reconciler/api/repository_file.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/definitions.hpp"
#include "src/objects/hints.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/schema.hpp"
#include "src/objects/template_rules.hpp"
#include "src/objects/yaml.hpp"

namespace slipway::objects {
namespace {

const Schema& FileSchema() {
  static const Schema kSchema(ReadJson(RepositoryFileSchema()));
  return kSchema;
}

void CheckFileRules(const Json& tree, std::vector<Cause>& causes) {
  const auto file = api::Decode<api::RepositoryFile>(PrintJson(tree));
  SLIPWAY_ASSERT(file.has_value(), "a valid slipway.yaml does not decode: " + file.error().message);
  const Faults faults(causes);
  if (file.value().gate) {
    CheckSuites(file.value().gate->suites, faults.At("gate"));
  }
  if (file.value().release) {
    CheckCommand(file.value().release->install, faults.At("release.install"));
    CheckCommand(file.value().release->test, faults.At("release.test"));
    CheckProcesses(file.value().release->processes, faults.At("release"));
  }
}

}  // namespace

Result<std::string> ReadRepositoryFile(std::string_view yaml) {
  SLIPWAY_TRY(documents, ParseYaml(yaml));
  if (documents.size() > 1) {
    return Fail(Code::kBadRequest, "slipway.yaml must hold one document, and holds " +
                                       std::to_string(documents.size()));
  }
  Json tree = documents.empty() ? Json::object() : std::move(documents.front());
  std::vector<std::string> unknown;
  FileSchema().Prune(tree, unknown);
  std::vector<Cause> causes;
  for (const std::string& path : unknown) {
    causes.push_back(
        {.field = path, .message = "there is no such field", .reason = "FieldValueForbidden"});
  }
  FileSchema().DropNulls(tree);
  const std::vector<Cause> misfits = FileSchema().Validate(tree);
  causes.insert(causes.end(), misfits.begin(), misfits.end());
  if (misfits.empty()) {
    CheckFileRules(tree, causes);
  }
  if (causes.empty()) {
    return PrintJson(tree);
  }
  Error error = Fail(Code::kInvalid, "slipway.yaml is invalid:");
  for (const Cause& cause : causes) {
    error.message += (&cause == &causes.front() ? " " : ", ") +
                     (cause.field.empty() ? "" : cause.field + ": ") + WithHint(cause.message);
  }
  error.causes = std::move(causes);
  return error;
}

}  // namespace slipway::objects
