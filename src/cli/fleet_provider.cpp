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

/// What is in the Secret that the fleet's provider names, of the control plane; empty where it names none.
Result<cloud::SecretData> ReadSecret(const api::Fleet& fleet, const GlobalOptions& options) {
  const std::string name = cloud::SecretNameOf(fleet.spec.provider);
  if (name.empty()) {
    return cloud::SecretData();
  }
  SLIPWAY_TRY(session, Session::Open(options));
  SLIPWAY_TRY(resource, FindResource("secrets"));
  const std::string& ns = fleet.metadata.ns;
  const std::string path =
      ns.empty() ? session.Path(resource, name) : session.PathIn(resource, ns, name);
  SLIPWAY_TRY(secret, session.Get(path));
  return objects::SecretDataOf(PrintJson(secret));
}

}  // namespace

FleetProvider::FleetProvider(const api::Provider& provider, std::ostream& complaints)
    : provider_(provider),
      clouds_(cloud::OpenClouds(
          {.allowed_programs =
               provider.exec ? std::set{provider.exec->run} : std::set<std::string>(),
           .allowed_files =
               provider.static_ ? std::set{provider.static_->file} : std::set<std::string>(),
           .on_complaint = [&complaints](const std::string&,
                                         const std::string& text) { complaints << text; },
           .environment = process::OwnEnvironment(),
           .seed = 0},
          runner_, clock_)) {}

Result<std::unique_ptr<FleetProvider>> FleetProvider::Open(const api::Fleet& fleet,
                                                           const GlobalOptions& options,
                                                           std::ostream& complaints) {
  // Before the session, which would start cpprestsdk's threads, and more of them.
  std::unique_ptr<FleetProvider> opened(new FleetProvider(fleet.spec.provider, complaints));
  SLIPWAY_TRY(secret, ReadSecret(fleet, options));
  opened->secret_ = std::move(secret);
  return opened;
}

Result<std::vector<runtime::ListedServer>> FleetProvider::List(const api::Provider& variant) {
  return clouds_->List(variant, secret_);
}

cloud::Examination FleetProvider::Examine() { return clouds_->Examine(provider_, secret_); }

}  // namespace slipway::cli
