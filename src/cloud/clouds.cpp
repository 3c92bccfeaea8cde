#include "src/cloud/clouds.hpp"

namespace slipway::cloud {
namespace {

Error NothingToAsk() {
  return Trouble(Code::kInvalid, "ListInvalid", "This provider lists its servers by itself.");
}

}  // namespace

/// nullptr for a provider that nobody needs to ask.
CloudApi* Clouds::Asked(const api::Provider& provider) const {
  const auto found = providers_.find(ProviderName(provider));
  return found == providers_.end() ? nullptr : &found->second.get();
}

Result<std::vector<runtime::ListedServer>> Clouds::List(const api::Provider& provider,
                                                        const SecretData& secret) {
  CloudApi* asked = Asked(provider);
  return asked == nullptr ? NothingToAsk() : asked->List(provider, secret);
}

Result<std::vector<runtime::ListedServer>> Clouds::ListKnowing(
    const std::vector<std::string>& known, const api::Provider& provider,
    const SecretData& secret) {
  CloudApi* asked = Asked(provider);
  return asked == nullptr ? NothingToAsk() : asked->ListKnowing(known, provider, secret);
}

Examination Clouds::Examine(const api::Provider& provider, const SecretData& secret) {
  CloudApi* asked = Asked(provider);
  return asked == nullptr ? CloudApi::Examine(provider, secret) : asked->Examine(provider, secret);
}

Result<void> Clouds::CompleteLaunch(const runtime::CompleteLaunch& launch, const SecretData& secret,
                                    MonoTime deadline) {
  CloudApi* const asked = Asked(launch.provider);
  return asked == nullptr ? CloudApi::CompleteLaunch(launch, secret, deadline)
                          : asked->CompleteLaunch(launch, secret, deadline);
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
  if (provider.azure) {
    return "azure";
  }
  if (provider.openstack) {
    return "openstack";
  }
  return provider.exec ? "exec" : "";
}

std::string SecretNameOf(const api::Provider& provider) {
  if (provider.aws && provider.aws->secret_ref) {
    return provider.aws->secret_ref->name;
  }
  if (provider.gcp && provider.gcp->secret_ref) {
    return provider.gcp->secret_ref->name;
  }
  if (provider.azure && provider.azure->secret_ref) {
    return provider.azure->secret_ref->name;
  }
  return provider.openstack && provider.openstack->secret_ref ? provider.openstack->secret_ref->name
                                                              : std::string();
}

}  // namespace slipway::cloud
