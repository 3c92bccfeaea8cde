#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "src/cli/session.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/process/process_runner.hpp"
#include "src/process/system_clock.hpp"

namespace slipway::cli {

/// Who wrote the Fleet.
enum class Trust : std::uint8_t {
  kOwnFile,   ///< the person who types: programs and files that it names are theirs
  kSomebody,  ///< whoever may write to the control plane: nothing that it names is run or read here
};

/// The provider of a Fleet, asked from this machine as the person who types.
class FleetProvider {
 public:
  /// Make it before a Session, which starts threads of cpprestsdk: they would be more than are needed. `complaints` is given what a
  /// program writes to its standard error, and outlives it.
  FleetProvider(Trust trust, const api::Provider& provider, std::ostream& complaints);

  /// Reads the Secret that the Fleet names, if it names one, of the control plane.
  Result<void> ReadSecret(const api::Fleet& fleet, const GlobalOptions& options);

  /// As CloudApi has them.
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider);
  cloud::Examination Examine(const api::Provider& provider);

 private:
  process::PosixProcessRunner runner_;
  const process::SystemClock clock_;
  std::unique_ptr<cloud::CloudApi> clouds_;
  cloud::SecretData secret_;
};

}  // namespace slipway::cli
