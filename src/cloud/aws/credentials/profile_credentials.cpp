#include "src/cloud/aws/credentials/profile_credentials.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <system_error>
#include <utility>

#include "src/cloud/text.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr std::size_t kMaxRoles = 10;  ///< one by the other; each is a request
constexpr std::size_t kMaxIdentityBytes = std::size_t{64} << 10;

/// Whether it is for AssumeRole; with a token file it is for AssumeRoleWithWebIdentity.
bool WantsRole(const Settings& settings) {
  return settings.contains("role_arn") && !settings.contains("web_identity_token_file");
}

bool HasKeys(const Settings& settings) {
  return settings.contains("aws_access_key_id") || settings.contains("aws_secret_access_key");
}

Result<Role> ReadRoleOf(const std::string& profile, const Settings& settings) {
  if (settings.contains("mfa_serial")) {
    return Fail(Code::kInvalid,
                Named(profile) +
                    " wants a code of a device (mfa_serial), and Slipway cannot ask a person. "
                    "Use a role whose trust policy wants none, or a credential_process");
  }
  Role role;
  role.arn = Variable(settings, "role_arn");
  role.external_id = Variable(settings, "external_id");
  role.session_name = Variable(settings, "role_session_name");
  if (role.arn.empty()) {
    return Fail(Code::kInvalid, Named(profile) + " sets role_arn to nothing");
  }
  if (const std::string text = Variable(settings, "duration_seconds"); !text.empty()) {
    int seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds <= 0) {
      return Fail(Code::kInvalid,
                  "duration_seconds of " + Named(profile) + " is no number of seconds");
    }
    role.duration_seconds = seconds;
  }
  return role;
}

/// Ends the search where a setting says that a person signs in; says nothing where none does.
void RefuseLogin(Search& search, const Settings& settings, const std::string& profile,
                 std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (settings.contains(name)) {
      search.Ask("the login of a person", [&]() -> Result<Answer> {
        return Fail(Code::kInvalid,
                    Named(profile) + " is for a person who signs in (" + name +
                        "), and Slipway has none. Name a profile with keys, with a role that "
                        "wants no person, or with a credential_process");
      });
    }
  }
}

std::string PathOr(const ProfileFile& file, const std::string& name) {
  return file.path.empty() ? name + " (HOME is not set)" : file.path;
}

}  // namespace

Result<Answer> ProfileCredentials::AssumeRole(const std::string& profile) {
  const Settings settings = shared_.Merged(profile);
  if (!WantsRole(settings)) {
    return Nothing(Named(profile) + " sets no role_arn");
  }
  SLIPWAY_TRY(role, ReadRoleOf(profile, settings));
  visited_.push_back(profile);
  if (visited_.size() > kMaxRoles) {
    return Fail(Code::kInvalid, "more than " + std::to_string(kMaxRoles) +
                                    " roles stand one behind the other in source_profile");
  }
  SLIPWAY_TRY(found, BaseOf(profile, settings));
  FixedCredentials base(std::move(found));
  SLIPWAY_TRY(made, sts_.AssumeRole(base, role));
  made.source = "role " + Quoted(role.arn, {}) + " of " + Named(profile);
  return Answer{.credentials = std::move(made), .nothing = ""};
}

Result<Credentials> ProfileCredentials::BaseOf(const std::string& profile,
                                               const Settings& settings) {
  const std::string from_profile = Variable(settings, "source_profile");
  const std::string from_source = Variable(settings, "credential_source");
  if (from_profile.empty() == from_source.empty()) {
    return Fail(Code::kInvalid, Named(profile) + " sets " +
                                    (from_profile.empty() ? "role_arn, but neither" : "both") +
                                    " source_profile " + (from_profile.empty() ? "nor" : "and") +
                                    " credential_source: set one of them");
  }
  return from_profile.empty() ? BaseFromSource(profile, from_source)
                              : BaseFromProfile(profile, from_profile);
}

Result<Credentials> ProfileCredentials::BaseFromProfile(const std::string& profile,
                                                        const std::string& source) {
  if (!shared_.Has(source)) {
    return Fail(Code::kInvalid, "source_profile of " + Named(profile) + " is \"" +
                                    Quoted(source, {}) + "\", and there is no such profile in " +
                                    PathOr(shared_.config, "~/.aws/config") + " or " +
                                    PathOr(shared_.credentials, "~/.aws/credentials"));
  }
  const Settings settings = shared_.Merged(source);
  const bool visited = std::find(visited_.begin(), visited_.end(), source) != visited_.end();
  // A profile may name itself, where it holds the keys that the role is assumed with.
  if (visited && !(source == profile && HasKeys(settings))) {
    std::string round;
    for (const std::string& name : visited_) {
      round += Quoted(name, {}) + " -> ";
    }
    return Fail(Code::kInvalid, "source_profile goes in a circle: " + round + Quoted(source, {}));
  }
  if (WantsRole(settings) && !HasKeys(settings)) {
    SLIPWAY_TRY(answer, AssumeRole(source));
    return std::move(*answer.credentials);
  }
  Search search;
  AskOthers(search, source, false);
  auto found = search.End("Give " + Named(source) + " keys or a credential_process");
  if (!found.has_value()) {
    return Reworded(found.error(), "source_profile of " + Named(profile) + " is \"" +
                                       Quoted(source, {}) + "\": " + found.error().message);
  }
  return found;
}

Result<Credentials> ProfileCredentials::BaseFromSource(const std::string& profile,
                                                       const std::string& source) const {
  const std::string about = "credential_source of " + Named(profile) + " is " + Quoted(source, {});
  const auto ask = [&]() -> Result<Answer> {
    if (source == "Environment") {
      return FromEnvironment(environment_);
    }
    if (source == "EcsContainer") {
      return FromContainer(doors_.metadata, environment_);
    }
    if (source == "Ec2InstanceMetadata") {
      return FromInstance(doors_.metadata, environment_, shared_.Merged(profile));
    }
    return Fail(Code::kInvalid, "it must be Environment, EcsContainer or Ec2InstanceMetadata");
  };
  auto answer = ask();
  if (!answer.has_value()) {
    return Reworded(answer.error(), about + ": " + answer.error().message);
  }
  if (!answer.value().credentials) {
    return Fail(Code::kUnauthorized, about + ", which has none: " + answer.value().nothing);
  }
  return std::move(*answer.value().credentials);
}

void ProfileCredentials::AskOthers(Search& search, const std::string& profile,
                                   bool by_environment) {
  const Settings settings = shared_.Merged(profile);
  search.Ask("a web identity", [&] { return WebIdentity(profile, by_environment); });
  RefuseLogin(search, settings, profile, {"sso_account_id", "sso_role_name"});
  search.Ask("keys in " + PathOr(shared_.credentials, "~/.aws/credentials"),
             [&] { return FromKeys(shared_.credentials, profile); });
  RefuseLogin(search, settings, profile, {"login_session"});
  search.Ask("credential_process", [&] {
    return FromProcess(doors_.processes, environment_, Variable(settings, "credential_process"),
                       profile);
  });
  search.Ask("keys in " + PathOr(shared_.config, "~/.aws/config"),
             [&] { return FromKeys(shared_.config, profile); });
}

Result<Answer> ProfileCredentials::WebIdentity(const std::string& profile,
                                               bool by_environment) const {
  const Settings settings = shared_.Merged(profile);
  const auto setting = [&](const std::string& variable, const std::string& name) {
    const std::string value = by_environment ? Variable(environment_, variable) : "";
    return value.empty() ? Variable(settings, name) : value;
  };
  const std::string path = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (path.empty()) {
    return Nothing(by_environment ? "AWS_WEB_IDENTITY_TOKEN_FILE is not set"
                                  : Named(profile) + " sets no web_identity_token_file");
  }
  Role role;
  role.arn = setting("AWS_ROLE_ARN", "role_arn");
  role.session_name = setting("AWS_ROLE_SESSION_NAME", "role_session_name");
  if (role.arn.empty()) {
    return Fail(Code::kInvalid,
                "there is a token file, and nothing says for which role: set AWS_ROLE_ARN, or "
                "role_arn in " +
                    Named(profile));
  }
  SLIPWAY_TRY(text, process::ReadSmallFile(path, kMaxIdentityBytes));
  const std::string token(Trimmed(text));
  if (token.empty()) {
    return Fail(Code::kInvalid, path + " is empty, and should hold a web identity token");
  }
  SLIPWAY_TRY(made, sts_.AssumeRoleWithWebIdentity(token, role));
  made.source = "role " + Quoted(role.arn, {}) + " by the web identity in " + path;
  return Answer{.credentials = std::move(made), .nothing = ""};
}

}  // namespace slipway::cloud::aws
