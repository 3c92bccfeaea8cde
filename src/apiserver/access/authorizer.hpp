#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/apiserver/request/route.hpp"
#include "src/http/exchange.hpp"

// Who may do what. One place answers, for requests and for those who ask it beforehand (`kubectl auth
// can-i`). Pure, thread-safe.
namespace slipway::apiserver {

enum class Role : std::uint8_t {
  kNone,      ///< known, and may do nothing: agents
  kViewer,    ///< reads everything but Secrets and AccessTokens
  kDeployer,  ///< also changes what a deployment is made of
  kAdmin,     ///< everything
};

/// `admin`, `deployer` or `viewer`; kNone for others.
Role RoleNamed(std::string_view name);

/// The word of a role.
const char* NameOf(Role role);

/// Whoever asks, once it is known who it is.
struct User {
  std::string name;
  std::string uid{};
  std::vector<std::string> groups{};
  std::map<std::string, std::vector<std::string>> extra{};
  Role role = Role::kNone;
  std::string ns{};               ///< the only namespace of the role; empty: all of them
  std::string token{};            ///< uid of the AccessToken; empty: a certificate
  std::optional<Time> expires{};  ///< of the token
};

/// What somebody wants to do, as Kubernetes' RequestInfo says it.
struct Attributes {
  std::string verb;
  std::string group{};
  std::string version{};
  std::string resource{};  ///< empty: it is about `path`
  std::string subresource{};
  std::string ns{};
  std::string name{};
  std::string path{};
};

/// What a request wants. `route`: nullptr where there is no such path.
Attributes AttributesOf(const http::RequestHead& head, const Route* route);

struct Decision {
  bool allowed = false;
  std::string reason;  ///< why; for people
};

/// Whether somebody may do this.
Decision Authorize(const User& user, const Attributes& attributes);

/// kForbidden, in the words of kube-apiserver: `configmaps is forbidden: User "x" cannot list …`.
Error Forbidden(const User& user, const Attributes& attributes, const std::string& reason);

/// What somebody may do in a namespace, as the status of a SelfSubjectRulesReview.
nlohmann::json RulesIn(const User& user, const std::string& ns);

}  // namespace slipway::apiserver
