#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "src/objects/field_ownership.hpp"
#include "src/objects/write_rules.hpp"

// What each sort of write makes of metadata.managedFields. Only for this folder. Pure.
namespace slipway::objects {

/// Takes metadata.managedFields out of an object; null where it has none.
nlohmann::json TakeOwners(nlohmann::json& object);

/// Puts in again what TakeOwners took, with what the write changed. To be called once the object is
/// as it will be stored.
void TrackOwners(const KindInfo& kind, const nlohmann::json* stored, nlohmann::json& object,
                 nlohmann::json sent, const WriteRequest& request, Part part);

/// The names of the bytes of a Secret or ConfigMap that were sent as null. They are stored empty; Kubernetes
/// takes them for another value than empty ones all the same, so that who sends them owns them.
std::vector<std::string> NullBytes(const KindInfo& kind, const nlohmann::json& object);

/// TrackOwners for an update of all but the status. `nulls`: NullBytes of what was sent.
void TrackUpdate(const KindInfo& kind, const nlohmann::json& stored, nlohmann::json& object,
                 nlohmann::json sent, const WriteRequest& request, std::vector<std::string> nulls);

/// Whether a namespace says who must empty it.
bool SaysWhoEmptiesIt(const nlohmann::json& object);

/// TrackOwners for a new object. What the API itself puts into a namespace belongs to nobody.
void TrackBirth(const KindInfo& kind, bool says_who_empties_it, nlohmann::json& object,
                nlohmann::json sent, const WriteRequest& request);

/// TrackOwners for a write to the status. Kubernetes looks at the metadata that was sent as well, which
/// will not be stored: who wrote over a field there has lost it.
void TrackStatusOwners(const KindInfo& kind, const nlohmann::json& stored, nlohmann::json& object,
                       nlohmann::json metadata, nlohmann::json sent, const WriteRequest& request);

/// Takes out of metadata what is there and empty.
void DropEmpty(nlohmann::json& metadata);

}  // namespace slipway::objects
