#pragma once

#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::git {

/// Refuses a private key that cannot work, with the advice: RSA and DSA (libssh2 1.10 signs with
/// SHA-1 only, which no current sshd takes) and text that is no private key. The text itself is in
/// no message.
Result<void> CheckSshKey(const std::string& private_key);

}  // namespace slipway::git
