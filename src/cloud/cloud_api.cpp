#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud {

Examination CloudApi::Examine(const api::Provider& provider, const SecretData& secret) {
  return {.checks = {CheckOf("a list of servers", "", List(provider, secret))}, .policy = {}};
}

Result<void> CloudApi::CompleteLaunch(const runtime::CompleteLaunch& /*launch*/,
                                      const SecretData& /*secret*/, MonoTime /*deadline*/) {
  return Trouble(Code::kInvalid, "NotSupported", "This provider holds no server back.");
}

}  // namespace slipway::cloud
