#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/agent/identity.hpp"
#include "src/agent/tls.hpp"

namespace slipway::agent {

/// What an agent says when it joins.
struct ClaimOptions {
  ServerUrl server;
  std::string ca_hash;  ///< 64 hexadecimal digits
  std::string name;
  std::string token;
  std::string version;
  std::vector<std::string> addresses;
  std::string provider_id;  ///< empty: nobody was asked
  IdentityFiles files;
};

/// Makes a key where there is none of this name, and asks to be let in until the certificate is there, however
/// long that takes: it says in the log what it waits for. An error is one that asking again cannot
/// mend: kUnauthorized (the token), kForbidden, kInvalid.
boost::asio::awaitable<Result<void>> Claim(ClaimOptions options);

/// Asks once for the next certificate, by the one that is there; options.token is not used. An error:
/// it was not given now.
boost::asio::awaitable<Result<void>> Renew(ClaimOptions options);

/// `base` doubled `failures` times, at most `most`, times a random share between 0 and 1 (full
/// jitter).
Duration Jittered(Duration base, int failures, Duration most);

}  // namespace slipway::agent
