#pragma once

#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::kube {

/// How to reach one API and who we are there: the current context of a kubeconfig, resolved.
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

/// Reads a kubeconfig. kInvalid names the file, the field and what to do; kNotFound: there is no
/// such file.
Result<Connection> LoadKubeconfig(const std::string& path);

/// Which kubeconfig a command uses: `flag`, else $KUBECONFIG (its first existing file), else
/// `DATA_DIR/admin.kubeconfig` of $SLIPWAY_DATA_DIR or of the default data directory. kNotFound
/// says where it looked.
Result<std::string> FindKubeconfig(const std::string& flag);

}  // namespace slipway::kube
