#pragma once

#include <span>
#include <string_view>

// The schema files as JSON text; generated into definitions.cpp.
namespace slipway::objects {

/// Every kind in the form of a CustomResourceDefinition: those of crd/, then those of core/.
std::span<const std::string_view> KindDefinitions();

/// The schema of metadata that all kinds share.
std::string_view ObjectMetaSchema();

/// The schemas of the types that all kinds share, metadata apart, by name (src/openapi/meta.yaml).
std::string_view MetaDefinitions();

/// The schema of the file slipway.yaml.
std::string_view RepositoryFileSchema();

}  // namespace slipway::objects
