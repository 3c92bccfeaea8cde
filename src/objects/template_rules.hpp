#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/shared.hpp"
#include "src/objects/faults.hpp"

// Rules about the parts that Applications, Rollouts and slipway.yaml share. `faults` stands at the
// part itself.
namespace slipway::objects {

/// Fleets or labels are named; selectors are complete.
void CheckServerSelection(const api::ServerSelection& selection, const Faults& faults);

/// `parent` holds the list `suites`.
void CheckSuites(const std::vector<api::Suite>& suites, const Faults& parent);

/// A command, where there is one, has time to run.
void CheckCommand(const std::optional<api::Command>& command, const Faults& faults);

/// `parent` holds the list `processes`.
void CheckProcesses(const std::vector<api::Process>& processes, const Faults& parent);

/// The whole gate.
void CheckGate(const api::GateTemplate& gate, const Faults& faults);

/// The whole release.
void CheckRelease(const api::ReleaseTemplate& release, const Faults& faults);

/// A path inside a folder: no empty part, no . and no .. in it. Empty text passes.
void CheckRelativePath(const std::string& path, const Faults& faults);

/// A length of time that must not be 0.
void CheckPositive(Duration length, const Faults& faults);

}  // namespace slipway::objects
