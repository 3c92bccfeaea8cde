#include "src/cloud/clouds.hpp"

namespace slipway::cloud {

Result<std::vector<runtime::ListedServer>> Clouds::List(const api::Provider& provider,
                                                        const SecretData& secret) {
  if (provider.aws) {
    return aws_.List(provider, secret);
  }
  if (provider.exec) {
    return exec_.List(provider, secret);
  }
  return Trouble(Code::kInvalid, "ListInvalid", "This provider lists its servers by itself.");
}

std::string SecretNameOf(const api::Provider& provider) {
  return provider.aws && provider.aws->secret_ref ? provider.aws->secret_ref->name : std::string();
}

api::Provider WithoutFilters(api::Provider provider) {
  if (provider.aws) {
    provider.aws->tags.clear();
    provider.aws->vpc.clear();
    provider.aws->auto_scaling_group.clear();
    provider.aws->filters.clear();
  }
  return provider;
}

}  // namespace slipway::cloud
