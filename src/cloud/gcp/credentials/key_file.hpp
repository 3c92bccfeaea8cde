#pragma once

#include <map>
#include <string>
#include <variant>

#include "reconciler/base/result.hpp"

namespace slipway::cloud::gcp {

/// The key of a service account.
struct ServiceAccountKey {
  std::string email;
  std::string key_id;
  std::string pem;
  std::string token_url;
  std::string quota_project;  ///< or empty, as in the others
};

/// A person who logged in with `gcloud auth application-default login`.
struct AuthorizedUser {
  std::string client_id;
  std::string client_secret;
  std::string refresh_token;
  std::string token_url;
  std::string quota_project;
};

/// Workload identity federation: who another provider says that we are.
struct ExternalAccount {
  std::string audience;
  std::string subject_token_type;
  std::string token_url;
  std::string impersonation_url;  ///< of a service account; empty: Google's token is good as it is
  std::string file;               ///< that holds the subject token; empty: `url` gives it
  std::string url;
  std::map<std::string, std::string> headers;  ///< that are sent to `url`
  std::string field;  ///< of a JSON text that holds the subject token; empty: it is the whole text
  std::string quota_project;
};

using KeyFile = std::variant<ServiceAccountKey, AuthorizedUser, ExternalAccount>;

/// Reads what Google's tools write. kInvalid says what is wrong or missing, and holds no value of a key. Tokens and keys are sent over
/// https, and over http only to this machine. A key that is encrypted is refused. Pure.
Result<KeyFile> ReadKeyFile(const std::string& text);

}  // namespace slipway::cloud::gcp
