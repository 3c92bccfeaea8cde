#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "reconciler/base/result.hpp"

struct ssl_ctx_st;

// Whom a TLS connection may talk to: a thin layer over OpenSSL. Private to this folder.
namespace slipway::rest {

/// What is asked of the other side, and what came of it. Outlives the connections that are made with it; of these one shakes hands at a
/// time. The counters may be read by any thread.
struct Trust {
  std::string host;    ///< a name or an address that the certificate must be for
  std::string ca_pem;  ///< trusted besides those of the system, or empty
  std::function<void(std::size_t bytes)> on_received;  ///< for each record, before it has come
  std::shared_ptr<std::atomic<int>> connections =
      std::make_shared<std::atomic<int>>(0);  ///< that there are now
  std::atomic<int> refusal = 0;  ///< X509_V_ERR_… of the last certificate; 0: it was good
};

/// kInvalid unless `ca_pem` is one certificate or more, in PEM.
Result<void> CheckAuthorities(const std::string& ca_pem);

/// Whether it is an IP address and not a name. Thread-safe.
bool IsAddress(const std::string& host);

/// Has connections of `context` do what `trust` says. False where OpenSSL refuses. On the thread that makes the connection.
bool Demand(ssl_ctx_st* context, Trust& trust);

/// In plain words, why a certificate was refused and what to do about it: `refusal` as in Trust. The end of a sentence that begins with
/// who showed it.
std::string WhyRefused(int refusal);

}  // namespace slipway::rest
