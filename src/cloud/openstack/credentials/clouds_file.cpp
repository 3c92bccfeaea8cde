#include "src/cloud/openstack/credentials/clouds_file.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "src/cloud/foreign_json.hpp"
#include "src/cloud/text.hpp"
#include "src/objects/yaml.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::openstack {
namespace {

using nlohmann::json;

constexpr std::size_t kMostFileBytes = std::size_t{1} << 20;

struct FoundFile {
  std::string path;
  std::string text;
};

std::vector<std::string> Folders(const Environment& environment) {
  std::vector<std::string> folders;
  const std::string config = Variable(environment, "XDG_CONFIG_HOME");
  const std::string home = Variable(environment, "HOME");
  if (!config.empty()) {
    folders.push_back(config + "/openstack");
  } else if (!home.empty()) {
    folders.push_back(home + "/.config/openstack");
  }
  folders.emplace_back("/etc/openstack");
  return folders;
}

/// The file that a variable names, or the first `stem`.yaml. One that is there and cannot be read ends the search: to go on would be to
/// act as somebody else than was meant.
Result<FoundFile> FindFile(const Environment& environment, const char* variable,
                           const std::string& stem) {
  if (const std::string named = Variable(environment, variable); !named.empty()) {
    auto text = process::ReadSmallFile(named, kMostFileBytes);
    if (!text.has_value()) {
      return Fail(Code::kInvalid, std::string(variable) + ": " + text.error().message);
    }
    return FoundFile{.path = named, .text = std::move(text.value())};
  }
  std::string tried;
  for (const std::string& folder : Folders(environment)) {
    for (const char* ending : {".yaml", ".yml", ".json"}) {
      const std::string path = (folder + "/").append(stem).append(ending);
      auto text = process::ReadSmallFile(path, kMostFileBytes);
      if (text.has_value()) {
        return FoundFile{.path = path, .text = std::move(text.value())};
      }
      if (text.error().code != Code::kNotFound) {
        return Fail(Code::kInvalid, text.error().message);
      }
    }
    tried += (tried.empty() ? "" : " nor ") + folder;
  }
  return Fail(Code::kNotFound, "neither " + tried + " has a " + stem + ".yaml");
}

/// The `clouds` of a file.
Result<json> CloudsIn(const FoundFile& file) {
  auto documents = objects::ParseYaml(file.text, kMostFileBytes);
  if (!documents.has_value()) {
    // The reader's message may quote a line, and secrets stand in this file.
    return Fail(Code::kInvalid, file.path + " is no YAML");
  }
  if (documents.value().size() != 1 || !At(documents.value().front(), "clouds").is_object()) {
    return Fail(Code::kInvalid, file.path + " has no clouds");
  }
  return At(documents.value().front(), "clouds");
}

/// Texts as they are; yes, no and whole numbers in their words. A number may have lost its leading zeros by now, and a password with
/// it.
Result<std::string> TextOf(const std::string& name, const json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_boolean()) {
    return std::string(value.get<bool>() ? "true" : "false");
  }
  if (name == "identity_api_version" && value.is_number()) {
    return value.dump();
  }
  return Fail(Code::kInvalid, "its " + Quoted(name, {}) + " is no text: write it in quotes");
}

/// Adds what an entry says to what is known of it.
Result<void> AddEntry(const json& entry, Settings& settings) {
  if (!entry.is_object()) {
    return Fail(Code::kInvalid, "it is empty");
  }
  for (const auto& [name, value] : entry.items()) {
    // What stands beside `auth` is for all services and tools: what is not for us may have any form.
    static const std::vector<std::string> kOurs = {"auth_type",
                                                   "region_name",
                                                   "interface",
                                                   "endpoint_type",
                                                   "verify",
                                                   "insecure",
                                                   "cacert",
                                                   "cert",
                                                   "key",
                                                   "profile",
                                                   "identity_api_version"};
    const bool ours = std::ranges::find(kOurs, name) != kOurs.end();
    if (ours && !value.is_null()) {
      SLIPWAY_TRY(text, TextOf(name, value));
      settings[name] = std::move(text);
    }
  }
  for (const auto& [name, value] : At(entry, "auth").items()) {
    if (!value.is_null()) {
      SLIPWAY_TRY(text, TextOf(name, value));
      settings[name] = std::move(text);
    }
  }
  return Ok();
}

std::string NamesOf(const json& clouds) {
  std::string names;
  for (const auto& [name, entry] : clouds.items()) {
    names += (names.empty() ? "" : ", ") + name;
  }
  return Quoted(names, {});
}

Result<std::string> NameIn(const json& clouds, const std::string& wanted) {
  if (wanted.empty() && clouds.size() == 1) {
    return std::string(clouds.begin().key());
  }
  if (wanted.empty()) {
    return Fail(Code::kInvalid,
                "has several clouds: say in OS_CLOUD, or in the Fleet's cloud, "
                "which one: " +
                    NamesOf(clouds));
  }
  if (!clouds.contains(wanted)) {
    return Fail(Code::kInvalid, "has no cloud " + Quoted(wanted, {}) + ", but " +
                                    (clouds.empty() ? "none" : NamesOf(clouds)));
  }
  return wanted;
}

/// What secure.yaml has about the same cloud, which is usually its password.
Result<void> AddSecure(const Environment& environment, CloudEntry& entry) {
  auto file = FindFile(environment, "OS_CLIENT_SECURE_FILE", "secure");
  if (!file.has_value()) {
    return file.error().code == Code::kNotFound ? Ok() : Result<void>(file.error());
  }
  SLIPWAY_TRY(clouds, CloudsIn(file.value()));
  if (!clouds.contains(entry.name)) {
    return Ok();
  }
  if (auto added = AddEntry(clouds[entry.name], entry.settings); !added.has_value()) {
    return Fail(Code::kInvalid, "cloud " + Quoted(entry.name, {}) + " in " + file.value().path +
                                    ": " + added.error().message);
  }
  return Ok();
}

/// All clouds are asked through one client, which trusts the same authorities for all of them.
Result<void> CheckAuthority(const Environment& environment, CloudEntry& entry) {
  const auto named = entry.settings.find("cacert");
  if (named != entry.settings.end() && named->second != Variable(environment, "OS_CACERT")) {
    return Fail(Code::kInvalid, "its cacert is not read here: name the file in OS_CACERT");
  }
  return Ok();
}

}  // namespace

Result<CloudEntry> FindCloud(const Environment& environment, const std::string& name) {
  SLIPWAY_TRY(file, FindFile(environment, "OS_CLIENT_CONFIG_FILE", "clouds"));
  SLIPWAY_TRY(clouds, CloudsIn(file));
  const auto found = NameIn(clouds, name);
  if (!found.has_value()) {
    return Fail(Code::kInvalid, file.path + " " + found.error().message);
  }
  CloudEntry entry{.name = found.value(), .path = file.path, .settings = {}};
  const auto about = [&](const Error& error) {
    return Fail(Code::kInvalid,
                "cloud " + Quoted(entry.name, {}) + " in " + file.path + ": " + error.message);
  };
  if (const auto added = AddEntry(clouds[entry.name], entry.settings); !added.has_value()) {
    return about(added.error());
  }
  SLIPWAY_TRYV(AddSecure(environment, entry));
  if (const auto known = CheckAuthority(environment, entry); !known.has_value()) {
    return about(known.error());
  }
  for (const auto& [variable, setting] :
       {std::pair{"OS_REGION_NAME", "region_name"}, std::pair{"OS_INTERFACE", "interface"}}) {
    entry.settings.try_emplace(setting, Variable(environment, variable));
  }
  return entry;
}

}  // namespace slipway::cloud::openstack
