#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/apiserver/registry/registry.hpp"

namespace slipway::apiserver {

/// What a path of the API stands for.
struct Route {
  enum class Target : std::uint8_t {
    kRoot,          ///< /
    kVersion,       ///< /version
    kMetrics,       ///< /metrics
    kCoreVersions,  ///< /api
    kGroups,        ///< /apis
    kGroup,         ///< /apis/<group>
    kResources,     ///< /api/v1, /apis/<group>/<version>
    kOpenApiV2,     ///< /openapi/v2
    kOpenApiV3,     ///< /openapi/v3, and one document below it
    kCollection,    ///< …/<plural>: all objects of a kind, in one namespace or in all
    kObject,        ///< …/<plural>/<name>
    kStatus,        ///< …/<plural>/<name>/status
    kLog            ///< …/servers/<name>/log
  };
  Target target = Target::kRoot;
  std::string group;    ///< kGroup, kResources
  std::string version;  ///< kResources
  std::string rest{};   ///< kOpenApiV3: which document, such as "api/v1"; empty: the index
  ObjectPath path{};    ///< kCollection and below
};

/// kNotFound: there is no such path. `path` is decoded. Thread-safe.
Result<Route> ParseRoute(std::string_view path);

}  // namespace slipway::apiserver
