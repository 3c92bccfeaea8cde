#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud {

Examination CloudApi::Examine(const api::Provider& provider, const SecretData& secret) {
  const auto listed = List(provider, secret);
  return {.checks = {{.needs = "a list of servers",
                      .where = {},
                      .trouble = listed.has_value() ? std::nullopt
                                                    : std::optional<Error>(listed.error())}},
          .policy = {}};
}

Result<void> CloudApi::CompleteLaunch(const runtime::CompleteLaunch& /*launch*/,
                                             const SecretData& /*secret*/) {
  return Trouble(Code::kInvalid, "NotSupported", "This provider holds no server back.");
}

}  // namespace slipway::cloud
