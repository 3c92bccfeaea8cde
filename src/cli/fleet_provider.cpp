#include "src/cli/fleet_provider.hpp"

#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/cloud/clouds.hpp"
#include "src/cloud/open_clouds.hpp"
#include "src/objects/secret_data.hpp"
#include "src/process/environment.hpp"

namespace slipway::cli {
namespace {

cloud::CloudOptions OptionsFor(Trust trust, const api::Provider& provider,
                               std::ostream& complaints) {
  cloud::CloudOptions options{
      .allowed_programs = {},
      .allowed_files = {},
      .on_complaint = [&complaints](const std::string&,
                                    const std::string& text) { complaints << text; },
      .environment = process::OwnEnvironment(),
      .seed = 0};
  if (trust == Trust::kOwnFile && provider.exec) {
    options.allowed_programs = {provider.exec->run};
  }
  if (trust == Trust::kOwnFile && provider.static_) {
    options.allowed_files = {provider.static_->file};
  }
  return options;
}

}  // namespace

FleetProvider::FleetProvider(Trust trust, const api::Provider& provider, std::ostream& complaints)
    : clouds_(cloud::OpenClouds(OptionsFor(trust, provider, complaints), runner_, clock_)) {}

Result<void> FleetProvider::ReadSecret(const api::Fleet& fleet, const GlobalOptions& options) {
  const std::string name = cloud::SecretNameOf(fleet.spec.provider);
  if (name.empty()) {
    return Ok();
  }
  SLIPWAY_TRY(session, Session::Open(options));
  SLIPWAY_TRY(resource, FindResource("secrets"));
  const std::string& ns = fleet.metadata.ns;
  const std::string path =
      ns.empty() ? session.Path(resource, name) : session.PathIn(resource, ns, name);
  SLIPWAY_TRY(secret, session.Get(path));
  secret_ = objects::SecretDataOf(PrintJson(secret));
  return Ok();
}

Result<std::vector<runtime::ListedServer>> FleetProvider::List(const api::Provider& provider) {
  return clouds_->List(provider, secret_);
}

cloud::Examination FleetProvider::Examine(const api::Provider& provider) {
  return clouds_->Examine(provider, secret_);
}

}  // namespace slipway::cli
