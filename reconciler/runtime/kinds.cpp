#include "reconciler/runtime/kinds.hpp"

#include "reconciler/base/assert.hpp"

namespace slipway::runtime {

std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kGitRepository:
      return "GitRepository";
    case Kind::kFleet:
      return "Fleet";
    case Kind::kServerClaim:
      return "ServerClaim";
    case Kind::kServer:
      return "Server";
    case Kind::kApplication:
      return "Application";
    case Kind::kRollout:
      return "Rollout";
    case Kind::kTestRun:
      return "TestRun";
  }
  SLIPWAY_UNREACHABLE("kind outside the enum");
}

std::string_view PluralOf(Kind kind) {
  switch (kind) {
    case Kind::kGitRepository:
      return "gitrepositories";
    case Kind::kFleet:
      return "fleets";
    case Kind::kServerClaim:
      return "serverclaims";
    case Kind::kServer:
      return "servers";
    case Kind::kApplication:
      return "applications";
    case Kind::kRollout:
      return "rollouts";
    case Kind::kTestRun:
      return "testruns";
  }
  SLIPWAY_UNREACHABLE("kind outside the enum");
}

std::optional<Kind> KindNamed(std::string_view name) {
  for (const Kind kind : kAllKinds) {
    if (NameOf(kind) == name) {
      return kind;
    }
  }
  return std::nullopt;
}

std::string ToString(const Key& key) {
  return std::string(NameOf(key.kind)) + " " + key.ns + "/" + key.name;
}

}  // namespace slipway::runtime
