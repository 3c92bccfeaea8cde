#pragma once

#include <map>
#include <string>

namespace slipway::process {

/// The variables of this process. Nobody may set one meanwhile.
std::map<std::string, std::string> OwnEnvironment();

}  // namespace slipway::process
