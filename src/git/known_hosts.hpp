#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::git {

enum class HostKeyVerdict : std::uint8_t {
  kKnown,
  kUnknownHost,  ///< no line names the host
  kOtherKey,     ///< lines name the host, with other keys
  kRevoked,
};

/// Looks a server's key up in text of the form of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": plain,
/// wildcard, negated and hashed names; @revoked counts, @cert-authority does not. `key` is the raw
/// blob as it goes over the wire. `port` empty means 22.
HostKeyVerdict CheckHostKey(std::string_view known_hosts, const std::string& host,
                            const std::string& port, std::string_view key);

}  // namespace slipway::git
