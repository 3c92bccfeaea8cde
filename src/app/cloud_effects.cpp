#include "src/app/cloud_effects.hpp"

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <vector>

#include "reconciler/base/guarded.hpp"
#include "src/cloud/clouds.hpp"
#include "src/objects/secret_data.hpp"

namespace slipway::app {

/// Its results are few: the reasons that providers have.
void CloudEffects::Count(const api::Provider& provider, const std::string& result) {
  metrics_
      .MakeCounter("slipway_listings_total",
                   "Lists of servers that providers were asked for, by how that ended.",
                   {{"provider", cloud::ProviderName(provider)}, {"result", result}})
      .Add();
}

void CloudEffects::List(const std::string& ns, const runtime::ListServers& request, Done done) {
  const api::Provider& provider = request.provider;
  const Done counted = [this, provider,
                        done = std::move(done)](const runtime::OutsideResult& result) {
    Count(provider, result.has_value() ? "Complete" : runtime::ReasonOf(result.error()));
    done(result);
  };
  const std::string name = cloud::SecretNameOf(provider);
  if (name.empty()) {
    return Ask(provider, {}, counted);
  }
  client_.Get({"v1", "secrets", ns, name},
              [this, name, provider, counted](const Result<kube::ObjectText>& secret) {
                if (secret.has_value()) {
                  return Ask(provider, objects::SecretDataOf(*secret.value()), counted);
                }
                if (secret.error().code == Code::kNotFound) {
                  return counted(cloud::Trouble(
                      Code::kInvalid, "SecretNotFound",
                      "The Secret " + name + " that secretRef names does not exist: create it."));
                }
                counted(secret.error());
              });
}

void CloudEffects::Ask(const api::Provider& provider, cloud::SecretData secret, Done done) {
  list_([this, provider, secret = std::move(secret), done = std::move(done)]() mutable {
    auto listed = Guarded([&] { return cloud_.List(provider, secret); });
    runtime::OutsideResult result = Fail(Code::kInternal, "");
    if (listed.has_value()) {
      result = runtime::OutsideValue(runtime::ServerListing{
          .time = clock_.Now(),
          .servers = std::make_shared<const std::vector<runtime::ListedServer>>(
              std::move(listed.value()))});
    } else {
      result = listed.error();
    }
    boost::asio::post(io_, [done = std::move(done), result = std::move(result)] { done(result); });
  });
}

}  // namespace slipway::app
