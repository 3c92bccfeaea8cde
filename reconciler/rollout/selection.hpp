#pragma once

#include <map>
#include <string>

#include "reconciler/api/shared.hpp"

namespace slipway::rollout {

/// Whether a server of `fleet` with `labels` is selected: it is of one of the fleets (or none is named) and carries the labels
/// (or none is asked for). An empty selection selects nothing.
bool Selects(const api::ServerSelection& selection, const std::string& fleet,
             const std::map<std::string, std::string>& labels);

/// As Kubernetes defines it: In, NotIn (also without the label), Exists, DoesNotExist; an empty selector selects everything.
bool Selects(const api::LabelSelector& selector, const std::map<std::string, std::string>& labels);

}  // namespace slipway::rollout
