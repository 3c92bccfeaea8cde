#pragma once

#include <string>
#include <variant>

#include "reconciler/base/result.hpp"
#include "src/cloud/azure/credentials/certificate.hpp"
#include "src/cloud/token_source.hpp"

namespace slipway::cloud::azure {

/// A password.
struct ClientSecret {
  std::string text;
};

/// A file with a token of another provider, such as a Kubernetes cluster. It is read each time.
struct FederatedToken {
  std::string path;
};

/// An application that Entra ID knows, and what it proves itself with.
struct Application {
  std::string authority;  ///< such as https://login.microsoftonline.com
  std::string tenant;
  std::string client;
  std::variant<ClientSecret, Certificate, FederatedToken> proof;
};

/// kInvalid where tenant or client is not of the form that ids have. Pure.
Result<void> CheckIds(const std::string& tenant, const std::string& client);

/// A token for `scope`, by the client credentials flow of Microsoft's identity platform. Its source names the application. Blocking.
/// Errors as TokenSource has them.
Result<AccessToken> TokenOf(const Doors& doors, const Application& application,
                            const std::string& scope);

}  // namespace slipway::cloud::azure
