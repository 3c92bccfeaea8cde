#include "src/cloud/openstack/credentials/find_login.hpp"

#include <utility>

#include "src/cloud/openstack/credentials/clouds_file.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::openstack {
namespace {

constexpr const char* kNone = "There are no credentials for OpenStack: ";

/// Whoever sets one of them wants to be asked by them.
constexpr const char* kTelling[] = {"OS_AUTH_URL",
                                    "OS_USERNAME",
                                    "OS_USER_ID",
                                    "OS_PASSWORD",
                                    "OS_APPLICATION_CREDENTIAL_ID",
                                    "OS_APPLICATION_CREDENTIAL_NAME",
                                    "OS_APPLICATION_CREDENTIAL_SECRET"};

bool IsInEnvironment(const Environment& environment) {
  for (const char* name : kTelling) {
    if (!Variable(environment, name).empty()) {
      return true;
    }
  }
  return false;
}

/// OS_AUTH_URL is auth_url, and so are all the others.
Settings SettingsOf(const Environment& environment) {
  constexpr std::string_view kPrefix = "OS_";
  Settings settings;
  for (const auto& [name, value] : environment) {
    if (name.starts_with(kPrefix) && !value.empty()) {
      settings[LowerCase(name.substr(kPrefix.size()))] = value;
    }
  }
  return settings;
}

Result<Login> Read(const Settings& settings, const std::string& project,
                   const std::string& origin) {
  auto login = ReadLogin(settings, project);
  if (!login.has_value()) {
    return Fail(Code::kInvalid, kNone + origin + " cannot be used: " + login.error().message);
  }
  login.value().origin = " of " + origin;
  return login;
}

Result<Login> FromFile(const Environment& environment, const std::string& cloud,
                       const std::string& project) {
  const auto entry = FindCloud(environment, cloud);
  if (!entry.has_value()) {
    return Fail(entry.error().code, kNone + entry.error().message);
  }
  return Read(entry.value().settings, project,
              "cloud " + Quoted(entry.value().name, {}) + " in " + entry.value().path);
}

}  // namespace

Result<Login> FindLogin(const Environment& environment, const std::string& cloud,
                        const std::string& project) {
  const std::string wanted = cloud.empty() ? Variable(environment, "OS_CLOUD") : cloud;
  if (wanted.empty() && IsInEnvironment(environment)) {
    return Read(SettingsOf(environment), project, "the OS_ variables");
  }
  auto login = FromFile(environment, wanted, project);
  if (!login.has_value() && login.error().code == Code::kNotFound && wanted.empty()) {
    login.error().message +=
        ", and OS_CLOUD and OS_AUTH_URL are not set. Set them as an openrc file does, or write a "
        "clouds.yaml, or name a Secret in secretRef";
  }
  return login;
}

Result<Login> LoginOfSecret(const std::string& name, const SecretData& secret,
                            const std::string& project) {
  Settings settings;
  for (const auto& [key, value] : secret) {
    settings[key] = std::string(Trimmed(value));
  }
  auto login = ReadLogin(settings, project);
  if (!login.has_value()) {
    return Trouble(Code::kInvalid, "SecretInvalid",
                   "The Secret " + name + " cannot be used: " + login.error().message + ".");
  }
  login.value().origin = " of Secret " + name;
  return login;
}

}  // namespace slipway::cloud::openstack
