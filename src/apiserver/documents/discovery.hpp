#pragma once

#include <string>

namespace slipway::apiserver {

// What clients ask first: which groups, versions and resources there are. JSON text. Thread-safe.

/// The version of Kubernetes whose habits this API follows: clients compare it with their own.
std::string ApiVersionText();

std::string PathList();                           ///< /
std::string VersionInfo();                        ///< /version
std::string CoreVersions();                       ///< /api
std::string GroupList();                          ///< /apis
std::string GroupInfo(const std::string& group);  ///< /apis/<group>
std::string ResourceList(const std::string& group,
                         const std::string& version);  ///< /api/v1, /apis/<group>/<version>

/// All of the core's resources, or of those with a group's name, in one document: an
/// APIGroupDiscoveryList of apidiscovery.k8s.io/<version>.
std::string AggregatedDiscovery(bool groups, const std::string& version);

}  // namespace slipway::apiserver
