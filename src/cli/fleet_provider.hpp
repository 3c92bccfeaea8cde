#pragma once

#include <iosfwd>
#include <memory>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "src/cli/session.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/process/process_runner.hpp"
#include "src/process/system_clock.hpp"

namespace slipway::cli {

/// The provider of a Fleet, asked from this machine as the person who types: what they run as themselves needs nobody's leave.
class FleetProvider {
 public:
  /// Reads the Secret that the Fleet names, if it names one, of the control plane. `complaints` is given what a program writes to its
  /// standard error, and outlives it. Errors are those of the Secret.
  static Result<std::unique_ptr<FleetProvider>> Open(const api::Fleet& fleet,
                                                     const GlobalOptions& options,
                                                     std::ostream& complaints);

  const api::Provider& asked() const { return provider_; }

  /// As CloudApi has them, of this provider or of a variant of it.
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& variant);
  cloud::Examination Examine();

 private:
  FleetProvider(const api::Provider& provider, std::ostream& complaints);

  const api::Provider provider_;
  process::PosixProcessRunner runner_;
  const process::SystemClock clock_;
  std::unique_ptr<cloud::CloudApi> clouds_;
  cloud::SecretData secret_;
};

}  // namespace slipway::cli
