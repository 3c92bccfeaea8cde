#include "src/openapi/operations.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/openapi/names.hpp"

namespace slipway::openapi {
namespace {

using objects::KindInfo;
using Json = nlohmann::json;
using Names = std::vector<std::string>;

constexpr const char* kKindOfOperation = "x-kubernetes-group-version-kind";
const Names kShownAs = {"application/json"};
const Names kStreamedAs = {"application/json", "application/json;stream=watch"};

struct Parameter {
  const char* name;
  const char* type;
  const char* description;
};

/// Every parameter of a query.
constexpr Parameter kParameters[] = {
    {"allowWatchBookmarks", "boolean", "Send a bookmark now and then, in a watch."},
    {"continue", "string", "Token of the page before."},
    {"dryRun", "string", "All means: check everything, and change nothing."},
    {"fieldManager", "string", "Who sets these fields; needed to apply."},
    {"fieldSelector", "string", "Only objects whose fields have these values."},
    {"fieldValidation", "string",
     "What becomes of fields that are not known or come twice: Strict refuses them, Warn, which "
     "holds "
     "if nothing is said, drops them with a warning, Ignore drops them."},
    {"force", "boolean", "Take fields from others that set them; only to apply."},
    {"labelSelector", "string", "Only objects with these labels."},
    {"limit", "integer", "The most objects on one page."},
    {"pretty", "string", "Accepted; answers are the same with and without."},
    {"propagationPolicy", "string",
     "What becomes of objects that belong to this one: Background, Foreground or Orphan."},
    {"resourceVersion", "string", "How new the picture must be, or what a watch begins after."},
    {"resourceVersionMatch", "string", "How resourceVersion is meant: NotOlderThan or Exact."},
    {"sendInitialEvents", "boolean", "Begin a watch with what is there."},
    {"timeoutSeconds", "integer", "How long a watch may last."},
    {"watch", "boolean", "Stream the changes instead of a list."},
};

const Names kListParameters = {"allowWatchBookmarks",
                               "continue",
                               "fieldSelector",
                               "labelSelector",
                               "limit",
                               "resourceVersion",
                               "resourceVersionMatch",
                               "sendInitialEvents",
                               "timeoutSeconds",
                               "watch"};
const Names kCollectionParameters = {
    "continue",          "dryRun",          "fieldSelector",       "labelSelector", "limit",
    "propagationPolicy", "resourceVersion", "resourceVersionMatch"};
const Names kWriteParameters = {"dryRun", "fieldManager", "fieldValidation"};
const Names kPatchParameters = {"dryRun", "fieldManager", "fieldValidation", "force"};
const Names kDeleteParameters = {"dryRun", "propagationPolicy"};

/// One request, before a dialect is chosen. Definitions are full names.
struct Operation {
  std::string verb;         ///< what the API calls it: list, create, get, update, patch, delete…
  std::string action;       ///< what OpenAPI calls it: list, post, get, put, patch, delete…
  std::string id;           ///< operationId
  std::string description;  ///< in kube-apiserver's words
  Names parameters{};
  Names body_types{};                            ///< media types of the body; empty: it has none
  std::string body{};                            ///< definition of the body
  std::string answer{};                          ///< definition of a good answer
  std::map<int, std::string> good{{200, "OK"}};  ///< its statuses
  bool streams = false;
};

const Parameter& ParameterOf(const std::string& name) {
  for (const Parameter& parameter : kParameters) {
    if (name == parameter.name) {
      return parameter;
    }
  }
  return kParameters[0];
}

Json ParameterTree(const Parameter& parameter, const char* place, Dialect dialect) {
  Json tree = {{"name", parameter.name}, {"in", place}, {"description", parameter.description}};
  if (dialect == Dialect::kV2) {
    tree["type"] = parameter.type;
  } else {
    tree["schema"] = {{"type", parameter.type}};
  }
  if (std::string_view(place) == "path") {
    tree["required"] = true;
  }
  return tree;
}

Json ParameterTrees(const Names& names, Dialect dialect) {
  Json trees = Json::array();
  for (const std::string& name : names) {
    trees.push_back(ParameterTree(ParameterOf(name), "query", dialect));
  }
  return trees;
}

Json ContentOf(const Names& types, const std::string& definition) {
  Json content = Json::object();
  for (const std::string& type : types) {
    content[type] = {{"schema", Reference(definition, "", Dialect::kV3)}};
  }
  return content;
}

Json Responses(const Operation& operation, Dialect dialect) {
  Json responses = {{"401", {{"description", "Unauthorized"}}}};
  for (const auto& [status, description] : operation.good) {
    Json response = {{"description", description}};
    if (dialect == Dialect::kV2) {
      response["schema"] = Reference(operation.answer, "", dialect);
    } else {
      response["content"] = ContentOf(operation.streams ? kStreamedAs : kShownAs, operation.answer);
    }
    responses[std::to_string(status)] = std::move(response);
  }
  return responses;
}

Json BodyParameter(const Operation& operation) {
  Json body = {
      {"in", "body"}, {"name", "body"}, {"schema", Reference(operation.body, "", Dialect::kV2)}};
  if (!operation.action.starts_with("delete")) {
    body["required"] = true;
  }
  return body;
}

Json OperationTree(const KindInfo& info, const Operation& operation, Dialect dialect) {
  Json tree = {
      {"description", operation.description},
      {"operationId", operation.id},
      {"tags", {TagOf(info)}},
      {"parameters", ParameterTrees(operation.parameters, dialect)},
      {"responses", Responses(operation, dialect)},
      {"x-kubernetes-action", operation.action},
      {kKindOfOperation, {{"group", info.group}, {"version", info.version}, {"kind", info.kind}}}};
  if (dialect == Dialect::kV2) {
    tree["schemes"] = {"https"};
    tree["produces"] = operation.streams ? kStreamedAs : kShownAs;
    tree["consumes"] = operation.body_types.empty() ? Names{"*/*"} : operation.body_types;
    if (!operation.body.empty()) {
      tree["parameters"].push_back(BodyParameter(operation));
    }
  } else if (!operation.body.empty()) {
    tree["requestBody"] = {{"content", ContentOf(operation.body_types, operation.body)}};
    if (!operation.action.starts_with("delete")) {
      tree["requestBody"]["required"] = true;
    }
  }
  return tree;
}

/// What is asked of one kind.
class KindPaths {
 public:
  KindPaths(const KindInfo& info, Dialect dialect, Json& paths)
      : info_(info),
        dialect_(dialect),
        paths_(paths),
        object_(DefinitionName(info, info.kind)),
        verbs_(OfferedVerbs(info)),
        bodies_({"application/json", "application/yaml"}),
        patches_({"application/apply-patch+yaml", "application/json-patch+json",
                  "application/merge-patch+json"}) {
    if (IsBuiltIn(info)) {
      bodies_.emplace_back("application/vnd.kubernetes.protobuf");
      patches_.emplace_back("application/strategic-merge-patch+json");
    }
  }

  void Add() {
    const std::string all = (info_.group.empty() ? "/api/" : "/apis/") + info_.ApiVersion();
    const std::string root = info_.namespaced ? all + "/namespaces/{namespace}" : all;
    const std::string one = root + "/" + info_.plural + "/{name}";
    if (info_.namespaced) {
      Put(all + "/" + info_.plural, "get", List("ForAllNamespaces"));
    }
    Put(root + "/" + info_.plural, "get", List(""));
    Put(root + "/" + info_.plural, "post", Create());
    Put(root + "/" + info_.plural, "delete", DeleteCollection());
    AddObject(one, "");
    Put(one, "delete", Delete());
    if (info_.has_status) {
      AddObject(one + "/status", "Status");
    }
  }

 private:
  std::string Id(const std::string& verb, const std::string& suffix,
                 const std::string& infix = "") const {
    const bool across = suffix == "ForAllNamespaces";
    return verb + OperationGroup(info_) + infix +
           (info_.namespaced && !across ? "Namespaced" : "") + info_.kind + suffix;
  }

  /// "status of " for a subresource.
  static std::string Part(const std::string& suffix) { return suffix.empty() ? "" : "status of "; }

  std::string WithArticle() const {
    const bool vowel = std::string_view("AEIOU").find(info_.kind[0]) != std::string_view::npos;
    return (vowel ? "an " : "a ") + info_.kind;
  }

  Operation List(const std::string& suffix) const {
    return {.verb = "list",
            .action = "list",
            .id = Id("list", suffix),
            .description = "list or watch objects of kind " + info_.kind,
            .parameters = kListParameters,
            .answer = DefinitionName(info_, info_.list_kind),
            .streams = true};
  }

  Operation Create() const {
    return {.verb = "create",
            .action = "post",
            .id = Id("create", ""),
            .description = "create " + WithArticle(),
            .parameters = kWriteParameters,
            .body_types = bodies_,
            .body = object_,
            .answer = object_,
            .good = {{201, "Created"}}};
  }

  Operation Delete() const {
    return {.verb = "delete",
            .action = "delete",
            .id = Id("delete", ""),
            .description = "delete " + WithArticle(),
            .parameters = kDeleteParameters,
            .body_types = bodies_,
            .body = MetaName("DeleteOptions"),
            .answer = MetaName("Status")};
  }

  Operation DeleteCollection() const {
    Operation operation = Delete();
    operation.verb = operation.action = "deletecollection";
    operation.id = Id("delete", "", "Collection");
    operation.description = "delete collection of " + info_.kind;
    operation.parameters = kCollectionParameters;
    return operation;
  }

  /// get, put and patch of an object or a part of it.
  void AddObject(const std::string& path, const std::string& suffix) {
    const std::string what = Part(suffix) + "the specified " + info_.kind;
    Put(path, "get",
        {.verb = "get",
         .action = "get",
         .id = Id("read", suffix),
         .description = "read " + what,
         .answer = object_});
    Put(path, "put",
        {.verb = "update",
         .action = "put",
         .id = Id("replace", suffix),
         .description = "replace " + what,
         .parameters = kWriteParameters,
         .body_types = bodies_,
         .body = object_,
         .answer = object_});
    Put(path, "patch",
        {.verb = "patch",
         .action = "patch",
         .id = Id("patch", suffix),
         .description = "partially update " + what,
         .parameters = kPatchParameters,
         .body_types = patches_,
         .body = MetaName("Patch"),
         .answer = object_,
         .good = {{200, "OK"}, {201, "Created"}}});
  }

  /// Adds a request, where the API answers such; the first one of a path brings what they all share.
  void Put(const std::string& path, const char* method, const Operation& operation) {
    if (std::find(verbs_.begin(), verbs_.end(), operation.verb) == verbs_.end()) {
      return;
    }
    if (!paths_.contains(path)) {
      paths_[path]["parameters"] = SharedParameters(path);
    }
    paths_[path][method] = OperationTree(info_, operation, dialect_);
  }

  Json SharedParameters(const std::string& path) const {
    Json shared = Json::array();
    const std::string name_text = "name of the " + info_.kind;
    if (path.find("{name}") != std::string::npos) {
      shared.push_back(ParameterTree({"name", "string", name_text.c_str()}, "path", dialect_));
    }
    if (path.find("{namespace}") != std::string::npos) {
      shared.push_back(
          ParameterTree({"namespace", "string", "Namespace of the object."}, "path", dialect_));
    }
    shared.push_back(ParameterTree(ParameterOf("pretty"), "query", dialect_));
    return shared;
  }

  const KindInfo& info_;
  Dialect dialect_;
  Json& paths_;
  std::string object_;
  Names verbs_;
  Names bodies_;
  Names patches_;
};

}  // namespace

Json Paths(std::span<const KindInfo* const> kinds, Dialect dialect) {
  Json paths = Json::object();
  for (const KindInfo* info : kinds) {
    KindPaths(*info, dialect, paths).Add();
  }
  return paths;
}

}  // namespace slipway::openapi
