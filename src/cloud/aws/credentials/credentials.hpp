#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::cloud::aws {

/// Who signs a request.
struct Credentials {
  std::string key_id;
  std::string secret;
  std::string session_token;    ///< empty for keys of a user
  std::optional<Time> expires;  ///< nullopt: never
  std::string source;           ///< for messages, such as "the environment" or "the container"

  bool operator==(const Credentials&) const = default;
};

/// Where credentials come from. Blocking. Thread-safe.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  /// Credentials that are valid for some minutes yet: kept, and asked for again before they end. An error says which sources were
  /// tried and what to do, and never holds a credential.
  virtual Result<Credentials> Get() = 0;

  /// The API said that they have ended or are wrong: the next Get asks anew.
  virtual void Forget() = 0;
};

}  // namespace slipway::cloud::aws
