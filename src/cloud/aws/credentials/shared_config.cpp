#include "src/cloud/aws/credentials/shared_config.hpp"

#include <optional>
#include <utility>

namespace slipway::cloud::aws {
namespace {

Result<ProfileFile> ReadOne(const Environment& environment, const std::string& variable,
                            const std::string& in_home, FileKind kind) {
  const std::string home = Variable(environment, "HOME");
  ProfileFile file;
  file.path = Variable(environment, variable);
  const bool named = !file.path.empty();
  if (!named) {
    file.path = "~/.aws/" + in_home;
  }
  if (file.path.starts_with("~/")) {
    file.path = home.empty() ? "" : home + file.path.substr(1);
  }
  if (!file.path.empty()) {
    auto profiles = ReadProfiles(file.path, kind);
    if (!profiles.has_value() && !named && profiles.error().code == Code::kForbidden) {
      return file;  // A home that is not for us holds nothing for us.
    }
    SLIPWAY_TRY(read, std::move(profiles));
    file.found = read.has_value();
    file.profiles = std::move(read).value_or(Profiles());
  }
  return file;
}

}  // namespace

bool SharedConfig::Has(const std::string& profile) const {
  return config.profiles.contains(profile) || credentials.profiles.contains(profile);
}

Settings SharedConfig::Merged(const std::string& profile) const {
  Settings merged;
  for (const ProfileFile* file : {&credentials, &config}) {
    if (const auto at = file->profiles.find(profile); at != file->profiles.end()) {
      merged.insert(at->second.begin(), at->second.end());
    }
  }
  return merged;
}

Result<SharedConfig> ReadSharedConfig(const Environment& environment) {
  SLIPWAY_TRY(config, ReadOne(environment, "AWS_CONFIG_FILE", "config", FileKind::kConfig));
  SLIPWAY_TRY(credentials, ReadOne(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials",
                                   FileKind::kCredentials));
  return SharedConfig{.config = std::move(config), .credentials = std::move(credentials)};
}

std::string ProfileByEnvironment(const Environment& environment) {
  const std::string profile = Variable(environment, "AWS_DEFAULT_PROFILE");
  return profile.empty() ? Variable(environment, "AWS_PROFILE") : profile;
}

std::string RegionOf(const Environment& environment, const SharedConfig& shared,
                     const std::string& profile) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = Variable(environment, name); !region.empty()) {
      return region;
    }
  }
  return Variable(shared.Merged(profile), "region");
}

std::string DefaultRegion(const Environment& environment) {
  const std::string profile = ProfileByEnvironment(environment);
  const auto shared = ReadSharedConfig(environment);
  return RegionOf(environment, shared.has_value() ? shared.value() : SharedConfig(),
                  profile.empty() ? "default" : profile);
}

}  // namespace slipway::cloud::aws
