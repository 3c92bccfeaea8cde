#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

/// Who an agent is: a key that never leaves this machine, and a certificate for it.
namespace slipway::agent {

/// Files of an identity, below one directory (0700): key, certificate, CA; PEM; the key 0600.
struct IdentityFiles {
  std::string directory;

  std::string Key() const { return directory + "/agent.key"; }
  std::string Certificate() const { return directory + "/agent.crt"; }
  std::string Ca() const { return directory + "/ca.crt"; }
};

/// Makes the directory and, where there is none, an ECDSA P-256 key. A key whose certificate is for another name than `name` came
/// here with a copy of somebody's files, or by a slip in a name: it is put beside, with its name behind, and is back when that name is
/// asked for again. Durable when it returns.
Result<void> EnsureKey(const IdentityFiles& files, const std::string& name);

/// A certificate request (PEM) for the key, with CN=`name`.
Result<std::string> MakeRequest(const IdentityFiles& files, const std::string& name);

/// Keeps what the control plane gave. kInvalid where the certificate is not for our key, is not
/// signed by `ca`, or has expired.
Result<void> SaveCertificate(const IdentityFiles& files, const std::string& certificate,
                             const std::string& ca);

/// Whether there is a certificate that can be used: it has not expired, its CN is
/// <namespace>/`name`, and its CA has this hash. Empty: it can; otherwise why not.
std::string WhyNoCertificate(const IdentityFiles& files, const std::string& name,
                             const std::string& ca_hash);

/// Whether the certificate ends within `margin`; false where there is none.
bool EndsWithin(const IdentityFiles& files, Duration margin);

/// Checks the form "sha256:" and 64 hexadecimal digits, and gives the digits in lower case.
Result<std::string> ParseCaHash(const std::string& text);

}  // namespace slipway::agent
