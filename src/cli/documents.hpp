#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/cli/session.hpp"

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

/// Which object a document is.
struct Named {
  Resource resource;
  std::string name;
  std::string ns;
};

/// Names the object of `document`, in `default_namespace` where it says none. kInvalid says which field is missing or is no text.
Result<Named> NameOf(const Document& document, const std::string& default_namespace);

}  // namespace slipway::cli
