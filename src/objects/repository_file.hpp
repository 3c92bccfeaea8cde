#pragma once

#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"

namespace slipway::objects {

/// Reads the text of a commit's slipway.yaml and checks it against crd/config/slipway.yaml and the
/// rules of processes. Returns it as JSON without defaults, for api::Decode<api::RepositoryFile>;
/// "{}" for an empty file. Code::kInvalid with every cause, fields that are not known among them;
/// Code::kBadRequest where it is no YAML.
Result<std::string> ReadRepositoryFile(std::string_view yaml);

}  // namespace slipway::objects
