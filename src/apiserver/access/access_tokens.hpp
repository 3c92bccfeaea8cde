#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/base/clock.hpp"
#include "src/apiserver/access/authorizer.hpp"
#include "src/apiserver/registry/registry.hpp"

namespace slipway::apiserver {

/// Who comes with which token. Two objects make one: the AccessToken, which clients create, see and
/// delete, and beside it, under its uid, the hash of its secret, which no client can ask for. The first
/// alone opens nothing, and the second does not outlive it. Used on the registry's home thread.
///
/// A secret is `slipway.NAME.` and 64 hex digits: 256 random bits, so that one round of SHA-256 is enough.
class AccessTokens {
 public:
  /// Both outlive it.
  AccessTokens(Registry& registry, const Clock& clock);
  ~AccessTokens();
  AccessTokens(const AccessTokens&) = delete;
  AccessTokens& operator=(const AccessTokens&) = delete;

  /// Whose token this is, as of everything that was acknowledged. kUnauthorized: nobody's, or it has
  /// ended. Errors of the registry.
  Result<User> Find(const std::string& secret);

  /// Runs `ended` once this user's token is revoked, at once where it is already; not after what is
  /// returned was dropped. Never for a user without a token.
  std::shared_ptr<void> OnRevoked(const User& user, std::function<void()> ended);

  /// Gives a new AccessToken its secret, which is told here and never again.
  void Issue(const std::string& name, const std::string& uid,
             std::function<void(Result<std::string>)> done);

 private:
  struct Known {
    std::string uid;
    Role role = Role::kNone;
    std::string ns;
    std::optional<Time> expires;
  };
  using Listener = std::function<void()>;

  Result<void> Refresh();
  Result<void> Reload();
  Result<bool> TakeHashes();
  Result<bool> TakeTokens();
  void LearnToken(const Object& object, bool there);
  void LearnHash(const Object& object, bool there);
  void Forget(const std::string& uid);

  Registry& registry_;
  const Clock& clock_;
  std::unique_ptr<ObjectWatch> tokens_watch_;
  std::unique_ptr<ObjectWatch> hashes_watch_;
  std::map<std::string, Known> tokens_;                              ///< by name
  std::map<std::string, std::string> hashes_;                        ///< by the token's uid
  std::multimap<std::string, std::weak_ptr<Listener>> listeners_{};  ///< by the token's uid
};

}  // namespace slipway::apiserver
