#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reconciler/base/error.hpp"
#include "src/objects/kinds.hpp"

// What the metadata of every object must be, and what kube-apiserver says where it is not. Pure.
namespace slipway::objects {

/// The name, labels, annotations, owners and finalizers. Passes over what is not of the right type: a schema
/// says that. At most 100 causes.
std::vector<Cause> CheckMetadata(const KindInfo& kind, const nlohmann::json& object);

/// Appends what Kubernetes warns of: new finalizers of our kinds without a domain. `stored`: nullptr where nothing
/// was.
void WarnOfFinalizers(const KindInfo& kind, const nlohmann::json* stored,
                      const nlohmann::json& object, std::vector<std::string>& warnings);

/// No finalizer may be added once an object is being deleted.
std::vector<Cause> CheckMetadataChange(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace slipway::objects
