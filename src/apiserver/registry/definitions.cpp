#include "src/apiserver/registry/definitions.hpp"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

ObjectPath PathOfDefinition(const std::string& name) {
  static const objects::KindInfo* const kKind =
      objects::FindByKind("apiextensions.k8s.io/v1", "CustomResourceDefinition");
  return {.kind = kKind, .ns = "", .name = name};
}

Json Condition(const char* type, const char* reason, const char* message,
               const std::string& since) {
  return {{"type", type},
          {"status", "True"},
          {"reason", reason},
          {"message", message},
          {"lastTransitionTime", since}};
}

/// What Kubernetes would say of a definition that it serves.
Json StatusOf(const Json& spec, const std::string& since) {
  return {{"acceptedNames", spec["names"]},
          {"conditions",
           {Condition("NamesAccepted", "NoConflicts", "no conflicts found", since),
            Condition("Established", "InitialNamesAccepted", "the initial names have been accepted",
                      since)}},
          {"storedVersions", {spec["versions"][0]["name"]}}};
}

/// The definitions of our kinds, by name.
std::map<std::string, Json> OwnDefinitions(const std::string& since) {
  std::map<std::string, Json> definitions;
  for (const objects::KindInfo& kind : objects::AllKinds()) {
    Json tree = ReadJson(kind.definition);
    if (!tree.contains("apiVersion")) {
      continue;  // a kind of Kubernetes itself
    }
    tree["spec"]["conversion"] = {{"strategy", "None"}};
    tree["status"] = StatusOf(tree["spec"], since);
    const std::string name = tree["metadata"]["name"];
    definitions.emplace(name, std::move(tree));
  }
  return definitions;
}

/// Counts what is under way, and answers once, with the first error there was.
class Gathered {
 public:
  explicit Gathered(std::function<void(Result<void>)> done) : done_(std::move(done)) {}
  ~Gathered() { done_(outcome_); }
  Gathered(const Gathered&) = delete;
  Gathered& operator=(const Gathered&) = delete;

  void Add(const Result<void>& result) {
    if (outcome_.has_value()) {
      outcome_ = result;
    }
  }

 private:
  std::function<void(Result<void>)> done_;
  Result<void> outcome_ = Ok();
};

template <typename What>
std::function<void(Result<What>)> Into(const std::shared_ptr<Gathered>& gathered) {
  return [gathered](Result<What> result) {
    if (!result.has_value()) {
      gathered->Add(result.error());
    }
  };
}

}  // namespace

void WriteDefinitions(Registry& registry, Time now, std::function<void(Result<void>)> done) {
  const auto stored = registry.List(PathOfDefinition(""), {});
  if (!stored.has_value()) {
    return done(stored.error());
  }
  const auto gathered = std::make_shared<Gathered>(std::move(done));
  const std::string since = api::FormatTime(std::chrono::floor<std::chrono::seconds>(now));
  std::map<std::string, Json> wanted = OwnDefinitions(since);
  for (const Object& object : stored.value().items) {
    const auto tree = ParseObject(object);
    if (!tree.has_value()) {
      return gathered->Add(tree.error());
    }
    const std::string name = tree.value()["metadata"]["name"];
    const auto own = wanted.find(name);
    if (own == wanted.end()) {
      registry.Delete(PathOfDefinition(name), {}, {}, Into<Deleted>(gathered));
      continue;
    }
    if (tree.value()["spec"] != own->second["spec"]) {
      own->second["metadata"] = tree.value()["metadata"];
      registry.Update(PathOfDefinition(name), PrintJson(own->second), {}, Into<Written>(gathered));
    }
    wanted.erase(own);
  }
  for (const auto& [name, tree] : wanted) {
    registry.Create(PathOfDefinition(""), PrintJson(tree), {}, Into<Written>(gathered));
  }
}

}  // namespace slipway::apiserver
