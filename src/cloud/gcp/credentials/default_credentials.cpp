#include "src/cloud/gcp/credentials/default_credentials.hpp"

#include <utility>

#include "src/cloud/gcp/credentials/metadata_server.hpp"
#include "src/cloud/gcp/credentials/token_exchange.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::gcp {
namespace {

constexpr std::size_t kMostKeyBytes = std::size_t{256} << 10;
constexpr const char* kFileName = "/application_default_credentials.json";
constexpr const char* kAdvice =
    "Name a key file in GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default "
    "login`, or give a service account to the machine that Slipway runs on";

/// Where gcloud leaves its file; empty where nothing says it.
std::string GcloudFile(const Environment& environment) {
  const std::string config = Variable(environment, "CLOUDSDK_CONFIG");
  const std::string home = Variable(environment, "HOME");
  if (config.empty() && home.empty()) {
    return "";
  }
  return (config.empty() ? home + "/.config/gcloud" : config) + kFileName;
}

}  // namespace

DefaultCredentials::DefaultCredentials(const Doors& doors, Environment environment)
    : doors_(doors),
      environment_(std::move(environment)),
      kept_(doors.clock, [this] { return Find(); }) {}

/// A file that is there and does not work ends the search: to go on would be to act as somebody else than was meant.
Result<AccessToken> DefaultCredentials::FromFile(const std::string& path,
                                                 const std::string& text) const {
  const auto key = ReadKeyFile(text);
  if (!key.has_value()) {
    return Fail(Code::kInvalid, "There are no credentials for Google Cloud: " + path +
                                    " cannot be used: " + key.error().message);
  }
  auto token = TokenOf(doors_, key.value());
  if (!token.has_value()) {
    token.error().message += ". The credentials are those of " + path;
    return token;
  }
  token.value().source += " of " + path;
  CountIn(Variable(environment_, "GOOGLE_CLOUD_QUOTA_PROJECT"), token.value());
  return token;
}

Result<AccessToken> DefaultCredentials::Find() const {
  const std::string named = Variable(environment_, "GOOGLE_APPLICATION_CREDENTIALS");
  if (!named.empty()) {
    const auto text = process::ReadSmallFile(named, kMostKeyBytes);
    if (!text.has_value()) {
      // Whoever misspells a path does not want to act as the machine.
      return Fail(Code::kInvalid,
                  "There are no credentials for Google Cloud: GOOGLE_APPLICATION_CREDENTIALS: " +
                      text.error().message);
    }
    return FromFile(named, text.value());
  }
  std::string tried = "GOOGLE_APPLICATION_CREDENTIALS (not set); ";
  const std::string path = GcloudFile(environment_);
  if (path.empty()) {
    tried += "the file of gcloud (neither CLOUDSDK_CONFIG nor HOME is set)";
  } else {
    const auto text = process::ReadSmallFile(path, kMostKeyBytes);
    if (text.has_value()) {
      return FromFile(path, text.value());
    }
    if (text.error().code != Code::kNotFound) {
      return Fail(Code::kInvalid,
                  "There are no credentials for Google Cloud: " + text.error().message);
    }
    tried += "the file of gcloud (" + text.error().message + ")";
  }
  auto token = TokenOfMachine(doors_, environment_);
  if (!token.has_value()) {
    token.error().message =
        "There are no credentials for Google Cloud: tried, in this order: " + tried +
        "; the machine (" + token.error().message + "). " + kAdvice;
  }
  return token;
}

KeyCredentials::KeyCredentials(const Doors& doors, KeyFile key, std::string origin)
    : doors_(doors),
      key_(std::move(key)),
      origin_(std::move(origin)),
      kept_(doors.clock, [this] { return Fetch(); }) {}

Result<AccessToken> KeyCredentials::Fetch() const {
  SLIPWAY_TRY(token, TokenOf(doors_, key_));
  token.source += origin_;
  return std::move(token);
}

}  // namespace slipway::cloud::gcp
