#include "src/cloud/openstack/credentials/login.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "src/cloud/text.hpp"
#include "src/objects/url.hpp"

namespace slipway::cloud::openstack {
namespace {

constexpr std::size_t kIdDigits = 32;

std::string Setting(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

/// The first of them that is set.
std::string FirstOf(const Settings& settings, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = Setting(settings, name); !value.empty()) {
      return value;
    }
  }
  return "";
}

bool IsYes(const std::string& text) {
  return std::set<std::string>{"1", "true", "yes", "on", "t", "y"}.contains(LowerCase(text));
}

bool IsNo(const std::string& text) {
  return std::set<std::string>{"0", "false", "no", "off", "f", "n"}.contains(LowerCase(text));
}

bool LooksLikeId(const std::string& text) {
  return text.size() == kIdDigits && std::ranges::all_of(text, [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
         });
}

/// What would have certificates go unchecked, or be shown.
Result<void> CheckTrust(const Settings& settings) {
  if (IsNo(Setting(settings, "verify")) || IsYes(Setting(settings, "insecure"))) {
    return Fail(Code::kInvalid,
                "it says not to verify certificates, and Slipway always does: name the authority's "
                "file in OS_CACERT instead");
  }
  if (!FirstOf(settings, {"cert", "key"}).empty()) {
    return Fail(Code::kInvalid, "it has a client certificate, and Slipway shows none");
  }
  return Ok();
}

/// Without its version: that is always 3.
Result<std::string> AuthUrl(const Settings& settings) {
  std::string url = Setting(settings, "auth_url");
  if (url.empty()) {
    return Fail(Code::kInvalid, Setting(settings, "profile").empty()
                                    ? "it has no auth_url"
                                    : "it has a profile and no auth_url: write the auth_url that "
                                      "the profile stands for");
  }
  if (!objects::IsSafeUrl(url) || url.find_first_of("?#") != std::string::npos) {
    return Fail(Code::kInvalid,
                "its auth_url is no https:// URL: secrets go there, and over http:// to this "
                "machine only");
  }
  const auto drop_slashes = [&] {
    while (url.ends_with('/')) {
      url.pop_back();
    }
  };
  drop_slashes();
  for (const char* version : {"/v3", "/v2.0"}) {
    if (url.ends_with(version)) {
      url.resize(url.size() - std::string(version).size());
      drop_slashes();
    }
  }
  return url;
}

Named UserOf(const Settings& settings) {
  return {.id = Setting(settings, "user_id"),
          .name = FirstOf(settings, {"username", "user_name"}),
          .domain_id = FirstOf(settings, {"user_domain_id", "default_domain_id", "default_domain"}),
          .domain_name = FirstOf(settings, {"user_domain_name", "default_domain_name"})};
}

Named ProjectOf(const Settings& settings, const std::string& wanted) {
  Named project{
      .id = FirstOf(settings, {"project_id", "tenant_id"}),
      .name = FirstOf(settings, {"project_name", "tenant_name"}),
      .domain_id = FirstOf(settings, {"project_domain_id", "default_domain_id", "default_domain"}),
      .domain_name = FirstOf(settings, {"project_domain_name", "default_domain_name"})};
  if (!wanted.empty()) {
    project.id = LooksLikeId(wanted) ? wanted : "";
    project.name = LooksLikeId(wanted) ? "" : wanted;
  }
  return project;
}

/// `kind` is user or project.
Result<void> CheckNamed(const Named& named, const std::string& kind, const std::string& name_word) {
  if (!named.id.empty()) {
    return Ok();
  }
  if (named.name.empty()) {
    return Fail(Code::kInvalid, "it has neither " + name_word + " nor " + kind + "_id");
  }
  if (named.domain_id.empty() && named.domain_name.empty()) {
    return Fail(Code::kInvalid, "it has " + name_word + ", and neither " + kind +
                                    "_domain_name nor " + kind + "_domain_id");
  }
  return Ok();
}

Result<void> ReadInterface(const Settings& settings, Login& login) {
  login.interface = FirstOf(settings, {"interface", "endpoint_type"});
  if (login.interface.ends_with("URL")) {
    login.interface.resize(login.interface.size() - 3);
  }
  if (login.interface.empty()) {
    login.interface = "public";
  }
  if (!std::set<std::string>{"public", "internal", "admin"}.contains(login.interface)) {
    return Fail(Code::kInvalid, "its interface is \"" + Quoted(login.interface, {}) +
                                    "\", and not public, internal or admin");
  }
  return Ok();
}

/// Which of the two kinds it is. Where nothing says so, the secret of an application credential does.
Result<bool> IsApplicationCredential(const Settings& settings) {
  const std::string type = Setting(settings, "auth_type");
  if (type.empty()) {
    return !Setting(settings, "application_credential_secret").empty();
  }
  if (type == "v3applicationcredential") {
    return true;
  }
  if (type == "password" || type == "v3password") {
    return false;
  }
  return Fail(Code::kInvalid, "its auth_type is " + Quoted(type.substr(0, 60), {}) +
                                  ", and not password or v3applicationcredential");
}

Result<void> ReadCredential(const Settings& settings, Login& login) {
  login.credential_id = Setting(settings, "application_credential_id");
  login.credential_name = Setting(settings, "application_credential_name");
  login.credential_secret = Setting(settings, "application_credential_secret");
  if (login.credential_secret.empty()) {
    return Fail(Code::kInvalid, "it has no application_credential_secret");
  }
  if (!login.credential_id.empty()) {
    return Ok();
  }
  if (login.credential_name.empty()) {
    return Fail(Code::kInvalid,
                "it has neither application_credential_id nor application_credential_name");
  }
  login.user = UserOf(settings);
  return CheckNamed(login.user, "user", "username");
}

Result<void> ReadPassword(const Settings& settings, const std::string& project, Login& login) {
  login.user = UserOf(settings);
  SLIPWAY_TRYV(CheckNamed(login.user, "user", "username"));
  login.password = Setting(settings, "password");
  if (login.password.empty()) {
    return Fail(Code::kInvalid, "it has no password");
  }
  login.project = ProjectOf(settings, project);
  return CheckNamed(login.project, "project", "project_name");
}

}  // namespace

Result<Login> ReadLogin(const Settings& settings, const std::string& project) {
  SLIPWAY_TRYV(CheckTrust(settings));
  if (Setting(settings, "identity_api_version").starts_with("2")) {
    return Fail(Code::kInvalid, "its identity_api_version is 2, and Slipway speaks 3");
  }
  Login login;
  SLIPWAY_TRY(url, AuthUrl(settings));
  login.auth_url = std::move(url);
  login.region = Setting(settings, "region_name");
  SLIPWAY_TRYV(ReadInterface(settings, login));
  SLIPWAY_TRY(by_credential, IsApplicationCredential(settings));
  if (by_credential) {
    SLIPWAY_TRYV(ReadCredential(settings, login));
  } else {
    SLIPWAY_TRYV(ReadPassword(settings, project, login));
  }
  return login;
}

std::string WhoIs(const Login& login) {
  const bool by_credential = !login.credential_secret.empty();
  const std::string& id = by_credential ? login.credential_id : login.user.id;
  const std::string& name = by_credential ? login.credential_name : login.user.name;
  return (by_credential ? "the application credential " : "the user ") +
         Quoted(id.empty() ? name : id, {});
}

}  // namespace slipway::cloud::openstack
