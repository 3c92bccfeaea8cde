#include "src/cloud/aws/endpoint.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace slipway::cloud::aws {
namespace {

std::string DomainOf(std::string_view region) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kDomains = {{
      {"cn-", "amazonaws.com.cn"},
      {"eusc-", "amazonaws.eu"},
      {"us-iso-", "c2s.ic.gov"},
      {"us-isob-", "sc2s.sgov.gov"},
      {"eu-isoe-", "cloud.adc-e.uk"},
      {"us-isof-", "csp.hci.ic.gov"},
  }};
  for (const auto& [prefix, domain] : kDomains) {
    if (region.starts_with(prefix)) {
      return std::string(domain);
    }
  }
  return "amazonaws.com";
}

}  // namespace

Result<std::string> EndpointOf(const Environment& environment, const std::string& name,
                               const std::string& host, const std::string& region) {
  for (const std::string& variable :
       {"AWS_ENDPOINT_URL_" + name, std::string("AWS_ENDPOINT_URL")}) {
    std::string url = Variable(environment, variable);
    if (url.empty()) {
      continue;
    }
    SLIPWAY_TRYV(CheckEndpointIn(environment, variable));
    while (url.ends_with('/')) {
      url.pop_back();
    }
    return url;
  }
  return "https://" + host + "." + region + "." + DomainOf(region);
}

}  // namespace slipway::cloud::aws
