#pragma once

#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::kube {

/// How to reach one API and who we are there: one context of a kubeconfig, resolved.
/// Certificates and keys are PEM text, whether the file held them as `*-data` or named a file.
/// Empty where the file has none.
struct Connection {
  std::string server;  ///< https://host:port, without a trailing slash
  std::string ca_pem;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;
  std::string ns = "default";
};

/// Reads a kubeconfig. `context`: the one to use; empty: the current one. kInvalid names the file, the
/// field and what to do.
Result<Connection> LoadKubeconfig(const std::string& path, const std::string& context = "");

/// Which kubeconfig a command uses: `flag`, else the first existing file of $KUBECONFIG where that is
/// set, else `DATA_DIR/admin.kubeconfig` of $SLIPWAY_DATA_DIR or of the default data directory.
/// kInvalid where there is none, kForbidden where it may not be looked for; both say what to do.
Result<std::string> FindKubeconfig(const std::string& flag);

}  // namespace slipway::kube
