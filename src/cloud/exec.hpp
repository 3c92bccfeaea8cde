#pragma once

#include <set>
#include <string>

#include "src/cloud/cloud_api.hpp"
#include "src/process/process_runner.hpp"

namespace slipway::cloud {

/// Runs the program that a Fleet names, if it is one of those that are allowed, and reads what it prints.
class ExecCloud final : public CloudApi {
 public:
  /// `allowed`: programs with their arguments, as a Fleet writes them. `runner` outlives it.
  ExecCloud(process::ProcessRunner& runner, std::set<std::string> allowed)
      : runner_(runner), allowed_(std::move(allowed)) {}

  /// Reasons: NotAllowed, NotFound (no such program), Timeout, ListFailed (it ended badly), ListInvalid (what it printed).
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider) override;

 private:
  process::ProcessRunner& runner_;
  const std::set<std::string> allowed_;
};

}  // namespace slipway::cloud
