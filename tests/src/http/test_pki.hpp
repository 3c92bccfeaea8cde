#pragma once

#include <memory>
#include <string>

#include "src/apiserver/pki/pki.hpp"
#include "src/http/options.hpp"

namespace slipway::http {

/// What a client shows and trusts. PEM; empty: nothing is shown.
struct Credentials {
  std::string ca;
  std::string certificate;
  std::string key;
};

/// A certificate authority in a folder of its own, which goes away with it.
class TestPki {
 public:
  TestPki();
  ~TestPki();

  TlsIdentity Identity() const;
  Credentials Admin() const;
  Credentials Anonymous() const;

  /// A client certificate CN=`ns`/`server`, O=slipway:agents, with a new key.
  Credentials Agent(const std::string& ns, const std::string& server) const;

  /// A certificate request, PEM, with a new key.
  static std::string SigningRequest();

  const std::string& folder() const { return folder_; }
  apiserver::Pki& pki() { return *pki_; }

 private:
  std::string folder_;
  std::unique_ptr<apiserver::Pki> pki_;
};

}  // namespace slipway::http
