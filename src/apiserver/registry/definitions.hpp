#pragma once

#include <functional>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/apiserver/registry/registry.hpp"

namespace slipway::apiserver {

/// Makes the CustomResourceDefinitions that clients read equal to the kinds of ours that this program
/// serves: writes those that are missing or that another version wrote, and removes those of kinds that
/// there are no more. On the registry's home thread; `done` runs there. Errors of the registry.
void WriteDefinitions(Registry& registry, Time now, std::function<void(Result<void>)> done);

}  // namespace slipway::apiserver
