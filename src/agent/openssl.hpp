#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "reconciler/base/result.hpp"

/// Owners of what OpenSSL gives away. Only for .cpp files.
namespace slipway::agent {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using PrivateKey = std::unique_ptr<EVP_PKEY, OpensslDeleter<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpensslDeleter<&X509_free>>;
using CertificateRequest = std::unique_ptr<X509_REQ, OpensslDeleter<&X509_REQ_free>>;
using Memory = std::unique_ptr<BIO, OpensslDeleter<&BIO_free_all>>;
using CertificateStore = std::unique_ptr<X509_STORE, OpensslDeleter<&X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, OpensslDeleter<&X509_STORE_CTX_free>>;

/// `what`, and the newest reason that OpenSSL has; clears its queue.
Error OpensslError(const std::string& what);

/// What was written to a memory.
std::string TextIn(BIO* memory);

/// The first certificate in a PEM text; kInternal where there is none.
Result<Certificate> ReadCertificate(const std::string& pem);

/// SHA-256 of its DER form, as 64 lower-case hexadecimal digits.
std::string HashOf(const X509* certificate);

}  // namespace slipway::agent
