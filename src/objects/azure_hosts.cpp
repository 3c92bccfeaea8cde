#include "src/objects/azure_hosts.hpp"

#include <algorithm>
#include <array>

#include "reconciler/base/assert.hpp"
#include "src/objects/url.hpp"

namespace slipway::objects {

AzureHosts AzureHostsOf(api::AzureEnvironment cloud) {
  switch (cloud) {
    case api::AzureEnvironment::kPublic:
      return {.authority = "login.microsoftonline.com", .manager = "management.azure.com"};
    case api::AzureEnvironment::kChina:
      return {.authority = "login.chinacloudapi.cn", .manager = "management.chinacloudapi.cn"};
    case api::AzureEnvironment::kUSGovernment:
      return {.authority = "login.microsoftonline.us", .manager = "management.usgovcloudapi.net"};
  }
  SLIPWAY_UNREACHABLE("cloud outside the enum");
}

bool IsAuthorityOfAnother(const std::string& url, api::AzureEnvironment cloud) {
  using enum api::AzureEnvironment;
  return std::ranges::any_of(std::array{kPublic, kChina, kUSGovernment}, [&](auto each) {
    return each != cloud && IsHttpsAt(url, AzureHostsOf(each).authority);
  });
}

bool IsOwnEndpoint(const api::AzureProvider& provider) {
  return provider.endpoint.empty() ||
         IsHttpsAt(provider.endpoint, AzureHostsOf(provider.cloud).manager);
}

}  // namespace slipway::objects
