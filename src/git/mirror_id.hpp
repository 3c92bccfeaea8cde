#pragma once

#include <string>

#include "reconciler/base/ids.hpp"

namespace slipway::git {

/// The id of the mirror of one GitRepository, for MirrorSet and Content. Its uid is in it, so that a
/// repository that is deleted and made again under the same name, perhaps with another URL, shares
/// nothing with the old one. Long names are cut: the id also names a directory.
inline std::string MirrorIdOf(const std::string& ns, const std::string& name, const Uid& uid) {
  return (ns + "." + name).substr(0, 150) + "_" + uid.value;
}

}  // namespace slipway::git
