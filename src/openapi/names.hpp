#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/objects/kinds.hpp"

// Names in OpenAPI as kube-apiserver gives them; only for this folder.
namespace slipway::openapi {

/// The definition of a kind: "dev.slipway.v1alpha1.Application", "io.k8s.api.core.v1.Secret". `kind`
/// may be another type of the same package, such as "SecretList".
std::string DefinitionName(const objects::KindInfo& info, std::string_view kind);

/// The definition of a type that all kinds share, such as "Status".
std::string MetaName(std::string_view type);

/// Group and version inside an operation's id: "SlipwayDevV1alpha1", "CoreV1".
std::string OperationGroup(const objects::KindInfo& info);

/// The tag of a group and version: "slipwayDev_v1alpha1", "core_v1".
std::string TagOf(const objects::KindInfo& info);

/// What may be asked of objects of a kind.
std::vector<std::string> OfferedVerbs(const objects::KindInfo& info);

/// A kind of Kubernetes itself, and no custom resource.
bool IsBuiltIn(const objects::KindInfo& info);

/// "spec" -> "Spec".
std::string Capitalised(std::string_view word);

}  // namespace slipway::openapi
