#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/shared.hpp"
#include "src/objects/faults.hpp"

// Rules about the parts that Applications, Rollouts and slipway.yaml share. `faults` stands at the part itself.
namespace slipway::objects {

void CheckServerSelection(const api::ServerSelection& selection, const Faults& faults);
void CheckSuites(const std::vector<api::Suite>& suites, const Faults& parent);
void CheckCommand(const std::optional<api::Command>& command, const Faults& faults);
void CheckProcesses(const std::vector<api::Process>& processes, const Faults& parent);
void CheckGate(const api::GateTemplate& gate, const Faults& faults);
void CheckRelease(const api::ReleaseTemplate& release, const Faults& faults);

/// A path inside a folder: no empty part, no . and no .. in it. Empty text passes.
void CheckRelativePath(const std::string& path, const Faults& faults);

/// A length of time that must not be 0.
void CheckPositive(Duration length, const Faults& faults);

}  // namespace slipway::objects
