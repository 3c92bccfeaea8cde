#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/write_rules.hpp"

// What Kubernetes cannot even read, in its words. It reads its own kinds into types of Go; of ours it reads what
// every object has: kind, apiVersion and metadata. What else is of the wrong type is left to the schema. Trees and
// texts may be anything; pure.
namespace slipway::objects {

/// A whole object as it was sent. kBadRequest where the text is no JSON, no object, one of another kind (of
/// Kubernetes' own; a wrong kind of ours is refused when it is judged) or version, or does not decode. Notes
/// in `request` which fields are there twice. What a kind of Kubernetes leaves out of kind and apiVersion is filled in.
Result<nlohmann::json> ReadBody(const KindInfo& kind, std::string_view text, WriteRequest& request);

/// The body of a patch. kBadRequest where it is no JSON; `before` begins the message.
Result<nlohmann::json> ReadPatch(std::string_view before, std::string_view text,
                                 std::vector<std::string>& duplicates);

/// kBadRequest for an object that does not decode.
Result<void> CheckDecodes(const KindInfo& kind, const nlohmann::json& object);

/// What a JSON or merge patch made is read like what is sent; kUnprocessable otherwise. A kind of Kubernetes
/// without an apiVersion loses its metadata: Kubernetes reads it as one of no version at all.
Result<void> ReadPatched(const KindInfo& kind, nlohmann::json& object);

/// What a strategic merge patch made of a kind of Kubernetes is converted; kUnprocessable where that fails.
Result<void> ReadMerged(const KindInfo& kind, nlohmann::json& object, const nlohmann::json& patch);

/// What keeps the result of an apply from being converted; empty where nothing does.
std::string MisfitOfApplied(const KindInfo& kind, const nlohmann::json& object);

/// Of a patch that made what cannot be read; `shown` is what was made, or the patch.
Error UnreadablePatch(const KindInfo& kind, const std::string& shown, const std::string& fault);

/// What an object says wrongly of its own kind and version.
std::vector<Cause> CheckTypeMeta(const KindInfo& kind, const nlohmann::json& object);

/// What an object says that it is: `Fleet.slipway.dev`, `Secret`.
std::string SaidKind(const nlohmann::json& object);

}  // namespace slipway::objects
