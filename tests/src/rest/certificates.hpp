#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;

namespace slipway::rest::test {

/// What a server shows. PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

/// A CA of its own, which nobody else trusts.
class TestAuthority {
 public:
  TestAuthority();

  const std::string& pem() const { return pem_; }

  /// A certificate for `subject`, such as "DNS:localhost" or "IP:127.0.0.1", that ends in `days`, or has ended where that is negative.
  Identity Issue(const std::string& subject, int days = 2) const;

  /// One that signed itself.
  static Identity SelfSigned(const std::string& subject);

 private:
  std::string name_;
  std::shared_ptr<evp_pkey_st> key_;
  std::string pem_;
};

}  // namespace slipway::rest::test
