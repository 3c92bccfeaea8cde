#include "src/apiserver/access/reviews.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/write_rules.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;
using objects::KindInfo;

/// What was sent, brought into the shape of its kind.
Result<Json> ReadReview(const KindInfo& kind, const std::string& sent) {
  SLIPWAY_TRY(tree, objects::ParseJson(sent));
  if (!tree.is_object() || tree.value("kind", Json(kind.kind)) != kind.kind ||
      tree.value("apiVersion", Json(kind.ApiVersion())) != kind.ApiVersion()) {
    return Fail(Code::kBadRequest,
                "the body must be an object of kind " + kind.kind + " in " + kind.ApiVersion());
  }
  std::vector<std::string> unknown;
  kind.schema.Prune(tree, unknown);
  kind.schema.DropNulls(tree);
  tree.erase("status");
  tree.erase("metadata");
  if (kind.kind != "SelfSubjectReview" && !tree.contains("spec")) {
    tree["spec"] = Json::object();
  }
  const std::vector<Cause> causes = kind.schema.Validate(tree);
  if (!causes.empty()) {
    return Fail(Code::kBadRequest, kind.kind + " in version \"" + kind.version +
                                       "\" cannot be handled as a " + kind.kind + ": " +
                                       causes.front().field + ": " + causes.front().message);
  }
  return tree;
}

std::string TextOf(const Json& tree, const char* field) { return tree.value(field, std::string()); }

Result<Attributes> WantedBy(const KindInfo& kind, const Json& spec) {
  const bool about_resource = spec.contains("resourceAttributes");
  const bool about_path = spec.contains("nonResourceAttributes");
  if (about_resource == about_path) {
    const Cause cause =
        about_path ? Cause{.field = "spec.nonResourceAttributes",
                           .message =
                               "Invalid value: cannot be specified in combination with "
                               "resourceAttributes",
                           .reason = "FieldValueInvalid"}
                   : Cause{.field = "spec.resourceAttributes",
                           .message =
                               "Invalid value: \"null\": exactly one of "
                               "nonResourceAttributes or resourceAttributes must be specified",
                           .reason = "FieldValueInvalid"};
    return objects::InvalidObject(kind, "", {cause});
  }
  if (about_path) {
    const Json& wanted = spec["nonResourceAttributes"];
    return Attributes{.verb = TextOf(wanted, "verb"), .path = TextOf(wanted, "path")};
  }
  const Json& wanted = spec["resourceAttributes"];
  Attributes attributes{.verb = TextOf(wanted, "verb"),
                        .group = TextOf(wanted, "group"),
                        .resource = TextOf(wanted, "resource"),
                        .subresource = TextOf(wanted, "subresource"),
                        .ns = TextOf(wanted, "namespace"),
                        .name = TextOf(wanted, "name")};
  // As in a path: a Namespace is inside of itself.
  if (attributes.resource == "namespaces" && attributes.group.empty() && !attributes.name.empty()) {
    attributes.ns = attributes.name;
  }
  return attributes;
}

Result<Json> AccessReview(const KindInfo& kind, Json tree, const User& user) {
  SLIPWAY_TRY(wanted, WantedBy(kind, tree["spec"]));
  const Decision decision = Authorize(user, wanted);
  tree["status"] = {{"allowed", decision.allowed}};
  if (!decision.reason.empty()) {
    tree["status"]["reason"] = decision.reason;
  }
  return tree;
}

Result<Json> RulesReview(Json tree, const User& user) {
  const std::string ns = TextOf(tree["spec"], "namespace");
  if (ns.empty()) {
    return Fail(Code::kBadRequest, "no namespace on request");
  }
  tree["spec"] = Json::object();  // kube-apiserver does not repeat the question either
  tree["status"] = RulesIn(user, ns);
  return tree;
}

Json SubjectReview(Json tree, const User& user, Time now) {
  tree["metadata"]["creationTimestamp"] =
      api::FormatTime(std::chrono::floor<std::chrono::seconds>(now));
  Json info = {{"username", user.name}, {"groups", user.groups}};
  if (!user.uid.empty()) {
    info["uid"] = user.uid;
  }
  if (!user.extra.empty()) {
    info["extra"] = user.extra;
  }
  tree["status"] = {{"userInfo", info}};
  return tree;
}

}  // namespace

bool IsReview(const KindInfo& kind) { return kind.verbs == std::vector<std::string>{"create"}; }

Result<std::string> AnswerReview(const KindInfo& kind, const std::string& sent, const User& user,
                                 Time now) {
  SLIPWAY_TRY(tree, ReadReview(kind, sent));
  tree["kind"] = kind.kind;
  tree["apiVersion"] = kind.ApiVersion();
  tree["metadata"] = {{"creationTimestamp", nullptr}};
  if (kind.kind == "SelfSubjectReview") {
    return PrintJson(SubjectReview(std::move(tree), user, now));
  }
  SLIPWAY_TRY(answer, kind.kind == "SelfSubjectRulesReview"
                          ? RulesReview(std::move(tree), user)
                          : AccessReview(kind, std::move(tree), user));
  return PrintJson(answer);
}

}  // namespace slipway::apiserver
