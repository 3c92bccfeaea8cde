#pragma once

#include <string>

#include "reconciler/api/shared.hpp"

namespace slipway::agent {

/// Where things are below the agent's own directory (--root). All paths are absolute.
struct Layout {
  std::string root;

  std::string AgentLock() const { return root + "/agent.lock"; }
  std::string StepLock() const { return root + "/step.lock"; }
  std::string Journal() const { return root + "/journal.json"; }
  std::string Identity() const { return root + "/identity"; }          ///< 0700
  std::string Repositories() const { return root + "/repositories"; }  ///< 0700
  std::string Work() const {
    return root + "/work";
  }  ///< 0700: packs on their way; emptied at start

  /// The bare repository for a GitRepository NAMESPACE/NAME.
  std::string Repository(const std::string& name) const;

  /// One directory a process, see supervise.hpp.
  std::string AllProcesses() const { return root + "/run/applications"; }
  std::string AllTestProcesses() const { return root + "/run/tests"; }
  std::string Processes(const std::string& application) const {
    return AllProcesses() + "/" + application;
  }
  std::string TestProcesses(const std::string& test_run) const {
    return AllTestProcesses() + "/" + test_run;
  }

  /// Logs of the steps of the newest attempt or gate run.
  std::string StepLogs(const std::string& application) const {
    return root + "/logs/" + application;
  }
};

/// Where one application lives: release.root, or a directory of the agent's.
struct ApplicationLayout {
  std::string root;

  std::string Releases() const { return root + "/releases"; }
  std::string Release(const std::string& name) const { return root + "/releases/" + name; }
  std::string Current() const { return root + "/current"; }
  std::string Shared() const { return root + "/shared"; }
  std::string Staging() const { return root + "/staging"; }
  std::string Tests() const { return root + "/tests"; }  ///< one directory a gate run
  std::string Trash() const { return root + "/trash"; }
};

/// Where an application of this configuration lives.
ApplicationLayout LayoutOf(const Layout& agent, const std::string& application,
                           const api::ReleaseTemplate& config);

}  // namespace slipway::agent
