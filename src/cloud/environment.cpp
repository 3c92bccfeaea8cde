#include "src/cloud/environment.hpp"

#include "src/cloud/cloud_api.hpp"
#include "src/objects/url.hpp"

namespace slipway::cloud {

Result<void> CheckEndpointIn(const Environment& environment, const std::string& name) {
  const std::string url = Variable(environment, name);
  if (url.empty() || objects::IsSafeUrl(url)) {
    return Ok();
  }
  return Trouble(Code::kInvalid, "EndpointInvalid",
                 "A token would go over the network for all to read: make the URL in " + name +
                     " begin with https://.");
}

}  // namespace slipway::cloud
