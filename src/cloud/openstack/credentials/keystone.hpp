#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/cloud/kept.hpp"
#include "src/cloud/openstack/credentials/login.hpp"
#include "src/cloud/token_source.hpp"

namespace slipway::cloud::openstack {

/// Where a compute API is, as the catalog of Keystone says it.
struct CatalogEntry {
  std::string region;
  std::string interface;
  std::string url;
};

/// What Keystone gives: a token for one project, and where it is good.
struct Session {
  AccessToken token;
  std::string auth_url;  ///< of the login
  std::string project_id;
  std::string project_name;
  std::vector<CatalogEntry> compute;
  std::string region;     ///< of the login; or empty
  std::string interface;  ///< of the login
  std::optional<Time> expires;

  bool operator==(const Session& other) const { return token == other.token; }
};

/// A compute API: where it is, and in which region.
struct ComputeApi {
  std::string region;
  std::string origin;  ///< scheme, host and port
  std::string path;    ///< with its version, such as /v2.1; no slash at its end

  bool operator==(const ComputeApi&) const = default;
};

/// Asks Keystone, by version 3. Blocking. Errors as TokenSource has them.
Result<Session> Enter(const Doors& doors, const Login& login);

/// The compute API of a region, or of the only one where it is empty. kInvalid says which ones there are, or that it would be sent a
/// token over http:// to another machine. Pure.
Result<ComputeApi> FindCompute(const Session& session, const std::string& region);

/// Sessions of one login, each kept until shortly before its end. Thread-safe, blocking.
class Sessions final : public TokenSource {
 public:
  /// `find` says who asks, each time anew; what `doors` leads to outlives it.
  Sessions(const Doors& doors, std::function<Result<Login>()> find);

  Result<Session> Current() { return kept_.Get(); }
  Result<AccessToken> Get() override;
  void Forget(const AccessToken& refused) override;

 private:
  const Doors doors_;
  const std::function<Result<Login>()> find_;
  Kept<Session> kept_;
};

/// Tokens for the calls of one list, which is made of one project by one compute API. Credentials may be replaced while it is made: a
/// token of another Keystone, for another project or where the catalog leads elsewhere is not given, and no call is made with it; reason
/// ListUnfinished. Thread-safe.
class BoundTokens final : public TokenSource {
 public:
  /// The list begins with `begun`, and asks `api`, which is that of `region`. `sessions` outlives it.
  BoundTokens(Sessions& sessions, const Session& begun, ComputeApi api, std::string region);

  Result<AccessToken> Get() override;
  void Forget(const AccessToken& refused) override { sessions_.Forget(refused); }

 private:
  bool LeadsThere(const Session& session) const;

  Sessions& sessions_;
  const std::string auth_url_;
  const std::string project_id_;
  const ComputeApi api_;
  const std::string region_;
};

}  // namespace slipway::cloud::openstack
