#pragma once

#include <memory>
#include <string>

#include "tests/src/git/world.hpp"

namespace slipway::git::test {

/// A CA and a certificate that it signed for one name, such as "DNS:localhost" or "IP:127.0.0.1", made by openssl.
struct Certificates {
  std::string authority;    ///< file, PEM
  std::string certificate;  ///< file, PEM: certificate and key
};
Certificates MakeCertificates(const Directory& directory, const std::string& name,
                              const std::string& subject = "DNS:localhost",
                              const std::string& days = "2");

/// lighttpd with TLS on 127.0.0.1. Below its root:
///   /git/…        repositories of `<directory>/git`, through git http-backend
///   /private/…    the same, for user "ada" with password "s3cret+pass"
///   /token/…      the same, with "Authorization: Bearer t0ken" only
///   /moved/…      301 to /git/… on 127.0.0.1, which is another host than localhost
///   /hostile/…    answers of hostile.sh, by the name that follows; /hostile/partial/… is /git/…, but sends
///                 `<directory>/git/partial.pack` for a pack as long as that file is there
class HttpsServer {
 public:
  HttpsServer(const Directory& directory, const Certificates& certificates);

  std::string Url(const std::string& path, const std::string& host = "localhost") const;

  /// One line a request: method, path with query, Authorization header or "-".
  std::string Log() const;
  void ClearLog() const;

 private:
  std::string log_;
  int port_;
  std::unique_ptr<Daemon> daemon_;
};

/// sshd on 127.0.0.1 for the user that runs the test, with host keys of two types.
class SshServer {
 public:
  SshServer(const Directory& directory, const std::string& authorized_public_key);

  std::string Url(const std::string& path) const;

  /// A line of known_hosts for its key of this type, "ed25519" or "ecdsa".
  std::string KnownHosts(const std::string& type) const;
  int port() const { return port_; }

 private:
  std::string keys_;
  int port_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace slipway::git::test
