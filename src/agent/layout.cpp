#include "src/agent/layout.hpp"

#include <algorithm>

namespace slipway::agent {

std::string Layout::Repository(const std::string& name) const {
  std::string file = name;
  std::ranges::replace(file, '/', '.');
  return Repositories() + "/" + file + ".git";
}

ApplicationLayout LayoutOf(const Layout& agent, const std::string& application,
                           const api::ReleaseTemplate& config) {
  return {config.root.empty() ? agent.root + "/apps/" + application : config.root};
}

}  // namespace slipway::agent
