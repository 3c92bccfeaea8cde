#pragma once

#include <string>

#include "reconciler/api/fleet.hpp"

// Microsoft's clouds by name. Pure.
namespace slipway::objects {

struct AzureHosts {
  const char* authority;  ///< gives tokens
  const char* manager;    ///< Azure Resource Manager
};

/// Source: "Compare Azure Government and global Azure" and "Azure China endpoints", Microsoft Learn.
AzureHosts AzureHostsOf(api::AzureEnvironment cloud);

/// Whether the URL of an authority is that of another of Microsoft's clouds.
bool IsAuthorityOfAnother(const std::string& url, api::AzureEnvironment cloud);

/// Whether the endpoint that a Fleet names is of the cloud that it names: there the control plane's own token may go.
bool IsOwnEndpoint(const api::AzureProvider& provider);

}  // namespace slipway::objects
