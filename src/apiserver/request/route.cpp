#include "src/apiserver/request/route.hpp"

#include <algorithm>
#include <vector>

namespace slipway::apiserver {
namespace {

using Target = Route::Target;
using PathParts = std::vector<std::string>;

Error NoSuchPath() {
  return Fail(Code::kNotFound, "the server could not find the requested resource");
}

PathParts Split(std::string_view path) {
  PathParts parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) {
      parts.emplace_back(path.substr(0, end));
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool IsServed(const std::string& group, const std::string& version) {
  const auto& kinds = objects::AllKinds();
  return std::any_of(kinds.begin(), kinds.end(), [&](const objects::KindInfo& kind) {
    return kind.group == group && (version.empty() || kind.version == version);
  });
}

Result<Route> ObjectRoute(Route route, const PathParts& rest) {
  std::size_t at = 0;
  // /namespaces/<ns>/<plural>… ; /namespaces/<name> and /namespaces/<name>/status are Namespaces.
  const bool inside = rest.size() >= 3 && rest[0] == "namespaces" && rest[2] != "status";
  if (inside) {
    route.path.ns = rest[1];
    at = 2;
  }
  route.path.kind = objects::FindByPlural(route.group, route.version, rest[at]);
  const std::size_t left = rest.size() - at - 1;
  const bool known = route.path.kind != nullptr && left <= 2;
  if (!known || (route.path.kind->namespaced != inside && (inside || left > 0))) {
    return NoSuchPath();
  }
  route.target = left == 0 ? Target::kCollection : Target::kObject;
  if (left > 0) {
    route.path.name = rest[at + 1];
  }
  if (left == 2 && rest[at + 2] == "status" && route.path.kind->has_status) {
    route.target = Target::kStatus;
  } else if (left == 2 && rest[at + 2] == "log" && route.path.kind->kind == "Server") {
    route.target = Target::kLog;
  } else if (left == 2 && objects::IsCustom(*route.path.kind)) {
    // As Kubernetes says it of kinds that somebody defined: it looks for the object first.
    return Fail(Code::kNotFound,
                route.path.kind->QualifiedPlural() + " \"" + route.path.name + "\" not found");
  } else if (left == 2) {
    return NoSuchPath();
  }
  return route;
}

Result<Route> GroupRoute(Route route, const PathParts& parts, std::size_t at) {
  if (!IsServed(route.group, route.version)) {
    return NoSuchPath();
  }
  if (parts.size() == at) {
    route.target = Target::kResources;
    return route;
  }
  return ObjectRoute(std::move(route),
                     PathParts(parts.begin() + static_cast<std::ptrdiff_t>(at), parts.end()));
}

Result<Route> OpenApiRoute(const PathParts& parts) {
  if (parts.size() == 2 && parts[1] == "v2") {
    return Route{.target = Target::kOpenApiV2};
  }
  if (parts.size() < 2 || parts[1] != "v3") {
    return NoSuchPath();
  }
  Route route{.target = Target::kOpenApiV3};
  for (std::size_t i = 2; i < parts.size(); ++i) {
    route.rest += (i == 2 ? "" : "/") + parts[i];
  }
  return route;
}

}  // namespace

Result<Route> ParseRoute(std::string_view path) {
  const PathParts parts = Split(path);
  const std::string first = parts.empty() ? "" : parts[0];
  if (parts.empty()) {
    return Route{.target = Target::kRoot};
  }
  if (parts.size() == 1 && first == "version") {
    return Route{.target = Target::kVersion};
  }
  if (parts.size() == 1 && first == "metrics") {
    return Route{.target = Target::kMetrics};
  }
  if (parts.size() == 1 && first == "api") {
    return Route{.target = Target::kCoreVersions};
  }
  if (parts.size() == 1 && first == "apis") {
    return Route{.target = Target::kGroups};
  }
  if (first == "openapi") {
    return OpenApiRoute(parts);
  }
  if (first == "api") {
    return GroupRoute(Route{.group = "", .version = parts[1]}, parts, 2);
  }
  if (first == "apis" && parts.size() == 2 && IsServed(parts[1], "")) {
    return Route{.target = Target::kGroup, .group = parts[1]};
  }
  if (first == "apis" && parts.size() > 2 && !parts[1].empty()) {
    return GroupRoute(Route{.group = parts[1], .version = parts[2]}, parts, 3);
  }
  return NoSuchPath();
}

}  // namespace slipway::apiserver
