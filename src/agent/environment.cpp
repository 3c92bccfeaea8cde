#include "src/agent/environment.hpp"

#include <unistd.h>

#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace slipway::agent {
namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool IsInherited(std::string_view name) {
  return name == "PATH" || name == "LANG" || name == "TZ" || name == "TMPDIR" ||
         name.substr(0, 3) == "LC_";
}

}  // namespace

Facts MakeFacts(const std::string& address, const host::ReleaseId& release,
                const std::string& root) {
  return {.address = address,
          .revision = release.commit.value,
          .release = release.commit.value + "-" + release.hash.value.substr(0, 8),
          .root = root};
}

std::string Expand(const std::string& text, const Facts& facts) {
  const std::array<std::pair<std::string_view, const std::string*>, 4> known = {{
      {"${SLIPWAY_ADDRESS}", &facts.address},
      {"${SLIPWAY_REVISION}", &facts.revision},
      {"${SLIPWAY_RELEASE}", &facts.release},
      {"${SLIPWAY_ROOT}", &facts.root},
  }};
  std::string expanded;
  for (std::size_t at = 0; at < text.size();) {
    bool replaced = false;
    for (const auto& [name, value] : known) {
      if (!replaced && std::string_view(text).substr(at, name.size()) == name) {
        expanded += *value;
        at += name.size();
        replaced = true;
      }
    }
    if (!replaced) {
      expanded += text[at++];
    }
  }
  return expanded;
}

std::vector<std::string> MakeEnvironment(const std::vector<api::EnvVar>& env,
                                         const UserRecord& user, const Facts& facts) {
  std::map<std::string, std::string> all = {{"PATH", kDefaultPath}};
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && IsInherited(text.substr(0, equals))) {
      all[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    }
  }
  all["HOME"] = user.home;
  all["USER"] = user.name;
  all["LOGNAME"] = user.name;
  all["SHELL"] = user.shell;
  for (const api::EnvVar& variable : env) {
    all[variable.name] = Expand(variable.value, facts);
  }
  all["SLIPWAY_ADDRESS"] = facts.address;
  all["SLIPWAY_REVISION"] = facts.revision;
  all["SLIPWAY_RELEASE"] = facts.release;
  all["SLIPWAY_ROOT"] = facts.root;
  std::vector<std::string> list;
  for (const auto& [name, value] : all) {
    list.push_back(name + "=" + value);
  }
  return list;
}

}  // namespace slipway::agent
