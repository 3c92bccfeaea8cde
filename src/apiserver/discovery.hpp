#pragma once

#include <string>

namespace slipway::apiserver {

// What clients ask first: which groups, versions and resources there are. JSON text. Thread-safe.

std::string PathList();                           ///< /
std::string VersionInfo();                        ///< /version
std::string CoreVersions();                       ///< /api
std::string GroupList();                          ///< /apis
std::string GroupInfo(const std::string& group);  ///< /apis/<group>
std::string ResourceList(const std::string& group,
                         const std::string& version);  ///< /api/v1, /apis/<group>/<version>

}  // namespace slipway::apiserver
