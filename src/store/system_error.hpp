#pragma once

#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::store {

/// An error of the operating system (`number` is an errno) about `what`, with what to do.
Error SystemError(const std::string& what, int number);

/// Waits until the name of the file `path` is on the disk: a new file must survive a crash of the
/// machine as well as what is in it.
Result<void> SyncDirectory(const std::string& path);

}  // namespace slipway::store
