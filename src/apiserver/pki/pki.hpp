#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::apiserver {

/// What a certificate request says, once its signature has been checked.
struct SigningRequest {
  std::string pem;
  std::string key_hash;  ///< SHA-256 of the public key (DER, SubjectPublicKeyInfo), 64 hex digits
};

/// Checks a PEM certificate request: its own signature, and a key that is ECDSA P-256 or Ed25519.
/// kInvalid says what is wrong with it. Its subject is not looked at. Thread-safe.
Result<SigningRequest> ReadSigningRequest(std::string_view pem);

/// SHA-256 of a certificate (DER), as `sha256:` and 64 hex digits: what agents are given to know
/// their server by. kInvalid where `pem` holds no certificate. Thread-safe.
Result<std::string> CertificateHash(std::string_view pem);

/// The certificate authority of one data directory, and the certificates that the server itself
/// needs. One thread at a time.
class Pki {
 public:
  struct Options {
    std::string data_dir;                ///< exists already
    std::vector<std::string> addresses;  ///< that clients may use: IP addresses or DNS names;
                                         ///< localhost, its addresses and the host name are added
  };

  static constexpr Duration kAgentLifetime = std::chrono::hours(24 * 365);

  /// The first time makes a CA, a server certificate and an admin client certificate (ECDSA P-256)
  /// in `data_dir`, keys with mode 0600. Later calls read them; the server's and the admin's are made
  /// anew when they have 90 days left or are not valid yet (the clock was wrong when they were made), the
  /// server's also when it lacks an address.
  /// kInternal names the file that cannot be read or written.
  static Result<Pki> Open(Options options, Time now);

  Pki(Pki&&) noexcept;
  Pki& operator=(Pki&&) noexcept;
  ~Pki();

  const std::string& ca_pem() const;
  const std::string& ca_hash() const;  ///< as CertificateHash

  /// The server's certificate, followed by the CA's, and its key.
  const std::string& server_chain_pem() const;
  const std::string& server_key_pem() const;

  /// The admin's certificate.
  const std::string& admin_pem() const;

  /// Does what Open does, for a server that runs for long: afterwards listeners may need another chain,
  /// and the kubeconfig another certificate, also where it failed half-way.
  Result<void> Renew(Time now);

  /// Writes `data_dir`/admin.kubeconfig (0600), everything embedded. `server`: https://host:port.
  Result<void> WriteAdminKubeconfig(const std::string& server) const;

  /// A client certificate CN=`ns`/`server`, O=slipway:agents for the key of `request`. PEM.
  Result<std::string> SignAgent(const SigningRequest& request, const std::string& ns,
                                const std::string& server, Time now,
                                Duration lifetime = kAgentLifetime) const;

 private:
  struct State;
  explicit Pki(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The organisation in agents' certificates, and the one that may do everything.
inline constexpr std::string_view kAgentsGroup = "slipway:agents";
inline constexpr std::string_view kMastersGroup = "system:masters";

}  // namespace slipway::apiserver
