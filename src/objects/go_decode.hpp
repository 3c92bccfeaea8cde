#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "src/objects/go_types.hpp"

// What keeps a tree from being read into a type of Go, in the words of Kubernetes. Only for this folder. Pure;
// expects any tree.
namespace slipway::objects {

/// What Go's JSON decoder says; empty where the tree fits. The first fault in the order of the tree counts, and a
/// time that is none before all others.
std::string DecodeFault(const GoTypeInfo& type, const nlohmann::json& tree);
std::string DecodeFault(const GoTypeInfo& type, const nlohmann::ordered_json& tree);

/// What Kubernetes' own conversion of trees says, which reads what was merged.
std::string ConversionFault(const GoTypeInfo& type, const nlohmann::json& tree);

/// Makes base64 of lists of numbers that stand for bytes, in a tree that fits.
void EncodeBytes(const GoTypeInfo& type, nlohmann::json& tree);

}  // namespace slipway::objects
