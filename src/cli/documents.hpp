#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"

namespace slipway::cli {

/// One object as somebody wrote it, and where.
struct Document {
  std::string where;  ///< `shop.yaml`, or `shop.yaml, document 2`
  std::string json;   ///< the object as JSON text
};

/// Reads manifests: each of `paths` is a file, "-" for `in`, or a folder of which every *.yaml,
/// *.yml and *.json is read, in the order of the names, without its sub-folders. Documents of kind
/// List are taken apart. The first fault ends it; its message names the file and the place.
Result<std::vector<Document>> ReadDocuments(const std::vector<std::string>& paths,
                                            std::istream& in);

}  // namespace slipway::cli
