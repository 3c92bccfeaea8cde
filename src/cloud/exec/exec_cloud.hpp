#pragma once

#include <functional>
#include <set>
#include <string>

#include "src/cloud/cloud_api.hpp"
#include "src/process/process_runner.hpp"

namespace slipway::cloud {

/// Runs the program that a Fleet names, if it is one of those that are allowed, and reads what it prints.
class ExecCloud final : public CloudApi {
 public:
  /// Is given what a program that failed wrote to its standard error, at most 64 KiB; on the thread that asked.
  using OnComplaint = std::function<void(const std::string& program, const std::string& text)>;

  /// `allowed`: programs with their arguments, as a Fleet writes them. `runner` outlives it. What a program complains of may hold
  /// a secret, so no error repeats it.
  ExecCloud(process::ProcessRunner& runner, std::set<std::string> allowed, OnComplaint on_complaint)
      : runner_(runner), allowed_(std::move(allowed)), on_complaint_(std::move(on_complaint)) {}

  /// Reasons: NotAllowed, NotFound (no such program), Timeout, ListFailed (it ended badly), ListInvalid (what it printed).
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override;

 private:
  process::ProcessRunner& runner_;
  const std::set<std::string> allowed_;
  const OnComplaint on_complaint_;
};

}  // namespace slipway::cloud
