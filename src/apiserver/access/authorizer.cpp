#include "src/apiserver/access/authorizer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconciler/base/assert.hpp"
#include "src/apiserver/request/request_options.hpp"

namespace slipway::apiserver {
namespace {

using Words = std::vector<std::string>;

/// One thing that is allowed: the same as a rule of Kubernetes' RBAC. Either `resources` or `paths`.
struct Rule {
  Words verbs;
  Words groups{};
  Words resources{};
  Words paths{};
};
using Rules = std::vector<Rule>;

/// Rules, and where they hold.
struct Grant {
  const Rules* rules;
  std::string ns{};  ///< empty: everywhere
};

constexpr const char* kOurs = "slipway.dev";

Words Reading() { return {"get", "list", "watch"}; }

/// What everybody may do who is known and has a role: learn what there is, and who one is.
const Rules& Everybody() {
  static const Rules kRules = {
      {.verbs = {"create"},
       .groups = {"authorization.k8s.io"},
       .resources = {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}},
      {.verbs = {"create"},
       .groups = {"authentication.k8s.io"},
       .resources = {"selfsubjectreviews"}},
      {.verbs = Reading(),
       .groups = {"apiextensions.k8s.io"},
       .resources = {"customresourcedefinitions"}},
      {.verbs = {"get"},
       .paths = {"/", "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                 "/openapi/*", "/readyz", "/version", "/version/"}}};
  return kRules;
}

/// Everything that is in a namespace but its secrets.
Rules ReadingRules() {
  return {{.verbs = Reading(), .groups = {kOurs}, .resources = {"*"}},
          {.verbs = Reading(),
           .groups = {""},
           .resources = {"configmaps", "events", "namespaces/status", "services"}},
          {.verbs = Reading(), .groups = {"coordination.k8s.io"}, .resources = {"leases"}},
          {.verbs = {"get"}, .groups = {""}, .resources = {"namespaces"}}};
}

/// What a deployment is made of. Rollouts are what happened, and nobody deletes that; Fleets and
/// ServerClaims say which machines there are, Secrets hold what a deployment only names, and a status is
/// written by whoever does the work.
Rules DeployingRules() {
  Rules rules = ReadingRules();
  const Words changing = {"create", "delete", "deletecollection", "patch", "update"};
  rules.push_back({.verbs = changing,
                   .groups = {kOurs},
                   .resources = {"applications", "gitrepositories", "testruns"}});
  rules.push_back(
      {.verbs = {"create", "patch", "update"}, .groups = {kOurs}, .resources = {"rollouts"}});
  rules.push_back({.verbs = changing, .groups = {""}, .resources = {"configmaps"}});
  return rules;
}

/// The same in every namespace, and what belongs to none.
Rules Everywhere(Rules rules) {
  rules.push_back({.verbs = {"list", "watch"}, .groups = {""}, .resources = {"namespaces"}});
  rules.push_back({.verbs = {"get"}, .paths = {"/metrics"}});
  return rules;
}

/// Everything in a namespace; the namespace itself was given by somebody else.
Rules NamespaceAdminRules() {
  Rules rules = {
      {.verbs = {"*"}, .groups = {kOurs, "coordination.k8s.io"}, .resources = {"*"}},
      {.verbs = {"*"},
       .groups = {""},
       .resources = {"configmaps", "events", "secrets", "services"}},
      {.verbs = {"get"}, .groups = {""}, .resources = {"namespaces", "namespaces/status"}}};
  return rules;
}

const Rules& RulesFor(Role role, bool one_namespace) {
  static const Rules kNothing;
  static const Rules kEverything = {{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}},
                                    {.verbs = {"*"}, .paths = {"*"}}};
  static const Rules kNamespaceAdmin = NamespaceAdminRules();
  static const Rules kReads = ReadingRules();
  static const Rules kReadsAll = Everywhere(ReadingRules());
  static const Rules kDeploys = DeployingRules();
  static const Rules kDeploysAll = Everywhere(DeployingRules());
  switch (role) {
    case Role::kNone:
      return kNothing;
    case Role::kViewer:
      return one_namespace ? kReads : kReadsAll;
    case Role::kDeployer:
      return one_namespace ? kDeploys : kDeploysAll;
    case Role::kAdmin:
      return one_namespace ? kNamespaceAdmin : kEverything;
  }
  SLIPWAY_UNREACHABLE("role outside the enum");
}

std::vector<Grant> GrantsOf(const User& user) {
  std::vector<Grant> grants;
  if (user.role != Role::kNone) {
    grants.push_back({&Everybody()});
    grants.push_back({&RulesFor(user.role, !user.ns.empty()), user.ns});
  }
  return grants;
}

bool Has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool Fits(const Words& words, const std::string& word) {
  return Has(words, "*") || Has(words, word);
}

bool FitsPath(const Words& paths, const std::string& path) {
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& known) {
    return known == path || (known.ends_with('*') &&
                             path.starts_with(std::string_view(known).substr(0, known.size() - 1)));
  });
}

bool Allows(const Rule& rule, const Attributes& wanted) {
  if (!Fits(rule.verbs, wanted.verb)) {
    return false;
  }
  if (wanted.resource.empty()) {
    return FitsPath(rule.paths, wanted.path);
  }
  const std::string resource =
      wanted.subresource.empty() ? wanted.resource : wanted.resource + "/" + wanted.subresource;
  return Fits(rule.groups, wanted.group) && Fits(rule.resources, resource);
}

std::string Where(const User& user) { return user.ns.empty() ? "" : " in namespace " + user.ns; }

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

std::string LowerMethod(std::string method) {
  std::transform(method.begin(), method.end(), method.begin(),
                 [](unsigned char letter) { return std::tolower(letter); });
  return method == "head" ? "get" : method;
}

std::string ResourceVerb(const http::RequestHead& head, bool collection) {
  static const std::map<std::string, std::string> kVerbs = {
      {"POST", "create"}, {"PUT", "update"}, {"PATCH", "patch"}};
  const auto verb = kVerbs.find(head.method);
  if (verb != kVerbs.end()) {
    return verb->second;
  }
  if (head.method == "DELETE") {
    return collection ? "deletecollection" : "delete";
  }
  if (head.method == "GET" || head.method == "HEAD") {
    return !collection ? "get" : IsTrue(head, "watch") ? "watch" : "list";
  }
  return LowerMethod(head.method);
}

nlohmann::json RuleTree(const Rule& rule) {
  if (!rule.paths.empty()) {
    return {{"verbs", rule.verbs}, {"nonResourceURLs", rule.paths}};
  }
  return {{"verbs", rule.verbs}, {"apiGroups", rule.groups}, {"resources", rule.resources}};
}

}  // namespace

const char* NameOf(Role role) {
  switch (role) {
    case Role::kNone:
      return "none";
    case Role::kViewer:
      return "viewer";
    case Role::kDeployer:
      return "deployer";
    case Role::kAdmin:
      return "admin";
  }
  SLIPWAY_UNREACHABLE("role outside the enum");
}

Role RoleNamed(std::string_view name) {
  for (const Role role : {Role::kViewer, Role::kDeployer, Role::kAdmin}) {
    if (name == NameOf(role)) {
      return role;
    }
  }
  return Role::kNone;
}

Attributes AttributesOf(const http::RequestHead& head, const Route* route) {
  if (route == nullptr || route->path.kind == nullptr) {
    return {.verb = LowerMethod(head.method), .path = head.path};
  }
  const ObjectPath& path = route->path;
  Attributes wanted{.verb = ResourceVerb(head, route->target == Route::Target::kCollection),
                    .group = path.kind->group,
                    .version = path.kind->version,
                    .resource = path.kind->plural,
                    .ns = path.kind->kind == "Namespace" ? path.name : path.ns,
                    .name = path.name,
                    .path = head.path};
  if (route->target == Route::Target::kStatus) {
    wanted.subresource = "status";
  } else if (route->target == Route::Target::kLog) {
    wanted.subresource = "log";
  }
  return wanted;
}

Decision Authorize(const User& user, const Attributes& attributes) {
  const bool about_resource = !attributes.resource.empty();
  for (const Grant& grant : GrantsOf(user)) {
    if (!grant.ns.empty() && (!about_resource || attributes.ns != grant.ns)) {
      continue;
    }
    const auto rule =
        std::find_if(grant.rules->begin(), grant.rules->end(),
                     [&](const Rule& candidate) { return Allows(candidate, attributes); });
    if (rule != grant.rules->end()) {
      return {.allowed = true, .reason = std::string("role ") + NameOf(user.role) + Where(user)};
    }
  }
  if (user.role == Role::kNone) {
    return {.allowed = false, .reason = ""};
  }
  return {.allowed = false,
          .reason =
              std::string("the role ") + NameOf(user.role) + Where(user) + " does not include it"};
}

Error Forbidden(const User& user, const Attributes& wanted, const std::string& reason) {
  std::string what = "User " + Quoted(user.name) + " cannot " + wanted.verb;
  std::string subject;
  if (wanted.resource.empty()) {
    what += " path " + Quoted(wanted.path);
  } else {
    subject = wanted.resource + (wanted.group.empty() ? "" : "." + wanted.group);
    subject += (wanted.name.empty() ? "" : " " + Quoted(wanted.name)) + " is ";
    what += " resource " + Quoted(wanted.subresource.empty()
                                      ? wanted.resource
                                      : wanted.resource + "/" + wanted.subresource);
    what += " in API group " + Quoted(wanted.group);
    what += wanted.ns.empty() ? " at the cluster scope" : " in the namespace " + Quoted(wanted.ns);
  }
  return Fail(Code::kForbidden,
              subject + "forbidden: " + what + (reason.empty() ? "" : ": " + reason));
}

nlohmann::json RulesIn(const User& user, const std::string& ns) {
  nlohmann::json status = {{"resourceRules", nlohmann::json::array()},
                           {"nonResourceRules", nlohmann::json::array()},
                           {"incomplete", false}};
  for (const Grant& grant : GrantsOf(user)) {
    if (!grant.ns.empty() && grant.ns != ns) {
      continue;
    }
    for (const Rule& rule : *grant.rules) {
      status[rule.paths.empty() ? "resourceRules" : "nonResourceRules"].push_back(RuleTree(rule));
    }
  }
  return status;
}

}  // namespace slipway::apiserver
