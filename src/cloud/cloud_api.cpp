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

}  // namespace slipway::cloud
