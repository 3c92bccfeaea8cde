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
namespace {

constexpr Duration kLaunchPatience{10'000};

}  // namespace

void CloudEffects::List(const std::string& ns, const runtime::ListServers& request, Done done) {
  const api::Provider& provider = request.provider;
  const Done counted = [this, provider,
                        done = std::move(done)](const runtime::OutsideResult& result) {
    // Its results are few: the reasons that providers have.
    metrics_
        .MakeCounter(
            "slipway_listings_total",
            "Lists of servers that providers were asked for, by how that ended.",
            {{"provider", cloud::ProviderName(provider)},
             {"result", result.has_value() ? "Complete" : runtime::ReasonOf(result.error())}})
        .Add();
    done(result);
  };
  CallWithSecret(
      ns, cloud::SecretNameOf(provider),
      [this, request](const cloud::SecretData& secret) { return ListOf(request, secret); },
      counted);
}

void CloudEffects::CompleteLaunch(const std::string& ns, const runtime::CompleteLaunch& request,
                                  Done done) {
  const Done counted = [this, provider = cloud::ProviderName(request.provider),
                        done = std::move(done)](const runtime::OutsideResult& result) {
    metrics_
        .MakeCounter(
            "slipway_launches_total",
            "Machines that providers were asked to let in, by how that ended.",
            {{"provider", provider},
             {"result", result.has_value() ? "Completed" : runtime::ReasonOf(result.error())}})
        .Add();
    done(result);
  };
  CallWithSecret(
      ns, cloud::SecretNameOf(request.provider),
      [this, request, deadline = clock_.Mono() + kLaunchPatience](
          const cloud::SecretData& secret) -> runtime::OutsideResult {
        if (clock_.Mono() >= deadline) {
          return cloud::Trouble(Code::kTimeout, "Timeout",
                                "It was not asked for " + request.server +
                                    ": too many lists were being asked for before it.");
        }
        SLIPWAY_TRYV(cloud_.CompleteLaunch(request, secret, deadline));
        return runtime::OutsideValue();
      },
      counted);
}

void CloudEffects::CallWithSecret(const std::string& ns, const std::string& name, Call call,
                                  Done done) {
  if (name.empty()) {
    return Run(std::move(call), {}, std::move(done));
  }
  client_.Get({"v1", "secrets", ns, name},
              [this, name, call = std::move(call),
               done = std::move(done)](const Result<kube::ObjectText>& secret) {
                if (secret.has_value()) {
                  return Run(call, objects::SecretDataOf(*secret.value()), done);
                }
                if (secret.error().code == Code::kNotFound) {
                  return done(cloud::Trouble(
                      Code::kInvalid, "SecretNotFound",
                      "The Secret " + name + " that secretRef names does not exist: create it."));
                }
                done(secret.error());
              });
}

void CloudEffects::Run(Call call, cloud::SecretData secret, Done done) {
  pool_([this, call = std::move(call), secret = std::move(secret),
         done = std::move(done)]() mutable {
    runtime::OutsideResult result = Guarded([&] { return call(secret); });
    boost::asio::post(io_, [done = std::move(done), result = std::move(result)] { done(result); });
  });
}

runtime::OutsideResult CloudEffects::ListOf(const runtime::ListServers& request,
                                            const cloud::SecretData& secret) {
  SLIPWAY_TRY(listed, request.known ? cloud_.ListKnowing(*request.known, request.provider, secret)
                                    : cloud_.List(request.provider, secret));
  return runtime::OutsideValue(runtime::ServerListing{
      .time = clock_.Now(),
      .servers = std::make_shared<const std::vector<runtime::ListedServer>>(std::move(listed))});
}

}  // namespace slipway::app
