#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::openapi {

/// Everything in OpenAPI 2.0. `version` is that of the API. Thread-safe, as all of this folder; takes
/// some milliseconds, so keep what it gives.
nlohmann::json DocumentV2(const std::string& version);

/// One group and version, and the paths under which version 3 gives it: "api/v1",
/// "apis/slipway.dev/v1alpha1".
struct GroupVersion {
  std::string group;
  std::string version;

  std::string Path() const;
};

/// All that are served, ordered by their paths.
std::vector<GroupVersion> GroupVersions();

/// One group and version in OpenAPI 3.0. `version` as above.
nlohmann::json DocumentV3(const GroupVersion& served, const std::string& version);

}  // namespace slipway::openapi
