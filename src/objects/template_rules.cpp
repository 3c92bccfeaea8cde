#include "src/objects/template_rules.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "src/objects/label_syntax.hpp"

namespace slipway::objects {
namespace {

bool HasOddPart(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return true;
    }
    if (slash == std::string_view::npos) {
      return false;
    }
    path.remove_prefix(slash + 1);
  }
}

void CheckExpression(const api::LabelExpression& expression, const Faults& faults) {
  using api::LabelOperator;
  if (!IsLabelKey(expression.key)) {
    faults.At("key").Invalid("\"" + expression.key + "\": " + kLabelKeyHint);
  }
  const bool takes_values =
      expression.operator_ == LabelOperator::kIn || expression.operator_ == LabelOperator::kNotIn;
  if (takes_values && expression.values.empty()) {
    faults.At("values").Required("must have at least one value with the operators In and NotIn");
  }
  if (!takes_values && !expression.values.empty()) {
    faults.At("values").Forbidden("must be empty with the operators Exists and DoesNotExist");
  }
}

void CheckHealth(const api::Health& health, const Faults& faults) {
  CheckPositive(health.interval, faults.At("interval"));
  CheckPositive(health.timeout, faults.At("timeout"));
  if (health.deadline <= health.min_healthy_time) {
    faults.At("deadline")
        .Invalid("\"" + api::FormatDuration(health.deadline) +
                 "\": must be longer than minHealthyTime, which is " +
                 api::FormatDuration(health.min_healthy_time));
  }
}

void CheckShared(const api::SharedPaths& shared, const Faults& faults) {
  const std::set<std::string> dirs(shared.dirs.begin(), shared.dirs.end());
  for (std::size_t index = 0; index < shared.dirs.size(); ++index) {
    CheckRelativePath(shared.dirs[index], faults.At("dirs", index));
  }
  for (std::size_t index = 0; index < shared.files.size(); ++index) {
    CheckRelativePath(shared.files[index], faults.At("files", index));
    if (dirs.contains(shared.files[index])) {
      faults.At("files", index).Duplicate("\"" + shared.files[index] + "\": is among the dirs too");
    }
  }
}

}  // namespace

void CheckRelativePath(const std::string& path, const Faults& faults) {
  if (!path.empty() && HasOddPart(path)) {
    faults.Invalid("\"" + path + "\": must be a path without empty parts, . and ..");
  }
}

void CheckPositive(Duration length, const Faults& faults) {
  if (length <= Duration{0}) {
    faults.Invalid("\"" + api::FormatDuration(length) + "\": must be longer than 0s");
  }
}

void CheckServerSelection(const api::ServerSelection& selection, const Faults& faults) {
  const bool has_selector = selection.selector && (!selection.selector->match_labels.empty() ||
                                                   !selection.selector->match_expressions.empty());
  if (selection.fleets.empty() && !has_selector) {
    faults.Required("must name fleets, or labels in selector, or both");
  }
  if (!selection.selector) {
    return;
  }
  for (const auto& [key, value] : selection.selector->match_labels) {
    if (!IsLabelKey(key) || !IsLabelValue(value)) {
      faults.At("selector.matchLabels")
          .Invalid("\"" + key + "\": " + kLabelKeyHint + ", with a value of a label");
    }
  }
  const auto& expressions = selection.selector->match_expressions;
  for (std::size_t index = 0; index < expressions.size(); ++index) {
    CheckExpression(expressions[index], faults.At("selector.matchExpressions", index));
  }
}

void CheckSuites(const std::vector<api::Suite>& suites, const Faults& parent) {
  for (std::size_t index = 0; index < suites.size(); ++index) {
    const Faults faults = parent.At("suites", index);
    CheckPositive(suites[index].timeout, faults.At("timeout"));
    CheckRelativePath(suites[index].report, faults.At("report"));
  }
}

void CheckCommand(const std::optional<api::Command>& command, const Faults& faults) {
  if (command) {
    CheckPositive(command->timeout, faults.At("timeout"));
  }
}

void CheckProcesses(const std::vector<api::Process>& processes, const Faults& parent) {
  for (std::size_t index = 0; index < processes.size(); ++index) {
    const api::Process& process = processes[index];
    const Faults faults = parent.At("processes", index);
    if (process.run.empty() == process.service.empty()) {
      faults.Invalid("\"" + process.name + "\": must have exactly one of run and service");
    }
    CheckHealth(process.health, faults.At("health"));
  }
}

void CheckGate(const api::GateTemplate& gate, const Faults& faults) {
  CheckServerSelection(gate.servers, faults.At("servers"));
  CheckCommand(gate.populate, faults.At("populate"));
  CheckCommand(gate.clean_up, faults.At("cleanUp"));
  CheckSuites(gate.suites, faults);
}

void CheckRelease(const api::ReleaseTemplate& release, const Faults& faults) {
  if (!release.root.empty()) {
    CheckRelativePath(release.root.substr(1), faults.At("root"));
  }
  for (std::size_t index = 0; index < release.env.size(); ++index) {
    if (release.env[index].name.starts_with("SLIPWAY_")) {
      faults.At("env", index)
          .At("name")
          .Forbidden("\"" + release.env[index].name +
                     "\": names that begin with SLIPWAY_ are set by the agent");
    }
  }
  if (release.shared) {
    CheckShared(*release.shared, faults.At("shared"));
  }
  CheckCommand(release.install, faults.At("install"));
  CheckCommand(release.test, faults.At("test"));
  CheckProcesses(release.processes, faults);
}

}  // namespace slipway::objects
