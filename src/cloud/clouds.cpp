#include "src/cloud/clouds.hpp"

namespace slipway::cloud {

Result<std::vector<runtime::ListedServer>> Clouds::List(const api::Provider& provider,
                                                        const SecretData& secret) {
  if (provider.aws) {
    return aws_.List(provider, secret);
  }
  if (provider.gcp) {
    return gcp_.List(provider, secret);
  }
  if (provider.exec) {
    return exec_.List(provider, secret);
  }
  if (provider.static_ && !provider.static_->file.empty()) {
    return file_.List(provider, secret);
  }
  return Trouble(Code::kInvalid, "ListInvalid", "This provider lists its servers by itself.");
}

std::string ProviderName(const api::Provider& provider) {
  if (provider.aws) {
    return "aws";
  }
  if (provider.gcp) {
    return "gcp";
  }
  if (provider.static_ && !provider.static_->file.empty()) {
    return "static";
  }
  return provider.exec ? "exec" : "";
}

std::string SecretNameOf(const api::Provider& provider) {
  if (provider.aws && provider.aws->secret_ref) {
    return provider.aws->secret_ref->name;
  }
  return provider.gcp && provider.gcp->secret_ref ? provider.gcp->secret_ref->name : std::string();
}

api::Provider WithoutFilters(api::Provider provider) {
  if (provider.aws) {
    provider.aws->tags.clear();
    provider.aws->vpc.clear();
    provider.aws->auto_scaling_group.clear();
    provider.aws->filters.clear();
  }
  if (provider.gcp) {
    provider.gcp->zones.clear();
    provider.gcp->labels.clear();
    provider.gcp->network.clear();
    provider.gcp->managed_instance_group.clear();
    provider.gcp->filter.clear();
  }
  return provider;
}

}  // namespace slipway::cloud
