#pragma once

#include <string>
#include <string_view>

namespace slipway::git {

/// Whether a server's certificate (DER) names this IP address, is in date, is for servers, and is signed by a certificate of
/// the file (PEM). For URLs with an address for a host: mbedTLS 2.28, under libgit2, looks at DNS names only. Knows no
/// intermediate certificates but those of the file. False where `host` is no address.
bool VerifiesForAddress(std::string_view certificate, const std::string& authorities_file,
                        const std::string& host);

}  // namespace slipway::git
