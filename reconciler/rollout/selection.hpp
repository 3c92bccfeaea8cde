#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reconciler/api/shared.hpp"

namespace slipway::rollout {

/// Ordered by key, no key twice.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Whether a server of `fleet` with `labels` is selected: it is of one of the fleets (or none is named) and carries the labels
/// (or none is asked for). An empty selection selects nothing.
bool Selects(const api::ServerSelection& selection, const std::string& fleet, const Labels& labels);

/// As Kubernetes defines it: In, NotIn (also without the label), Exists, DoesNotExist; an empty selector selects everything.
bool Selects(const api::LabelSelector& selector, const Labels& labels);

}  // namespace slipway::rollout
