#include "src/agent/identity.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <ctime>
#include <span>

#include "reconciler/base/digest.hpp"
#include "src/agent/files.hpp"
#include "src/agent/openssl.hpp"

namespace slipway::agent {
namespace {

constexpr std::size_t kMaxPemBytes = 64U << 10;

Result<PrivateKey> ReadKey(const IdentityFiles& files) {
  SLIPWAY_TRY(pem, ReadFile(files.Key(), kMaxPemBytes));
  const Memory memory(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PrivateKey key(::PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) {
    return OpensslError(files.Key() + ": is no private key");
  }
  return key;
}

Result<Certificate> ReadCertificateFile(const std::string& path) {
  SLIPWAY_TRY(pem, ReadFile(path, kMaxPemBytes));
  return ReadCertificate(pem);
}

std::string CommonName(const X509* certificate) {
  std::array<char, 512> name{};
  const int size = ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName,
                                               name.data(), name.size());
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : "";
}

/// The name without the namespace.
std::string NameIn(const X509* certificate) {
  const std::string common_name = CommonName(certificate);
  return common_name.substr(common_name.find('/') + 1);
}

}  // namespace

Error OpensslError(const std::string& what) {
  std::array<char, 256> reason{};
  const unsigned long number = ::ERR_peek_last_error();
  ::ERR_clear_error();
  if (number == 0) {
    return Fail(Code::kInternal, what);
  }
  ::ERR_error_string_n(number, reason.data(), reason.size());
  return Fail(Code::kInternal, what + ": " + reason.data());
}

std::string TextIn(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : "";
}

Result<Certificate> ReadCertificate(const std::string& pem) {
  const Memory memory(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(::PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return OpensslError("not a certificate in PEM");
  }
  return certificate;
}

std::string HashOf(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (::X509_digest(certificate, ::EVP_sha256(), digest.data(), &size) != 1) {
    return "";
  }
  return HexOf(std::span(digest).first(size));
}

namespace {

/// Puts the files of one name beside, or back. What is not there stays so: a crash in between is mended by doing it again.
void Move(const IdentityFiles& files, const std::string& from, const std::string& to) {
  // The key first: a certificate without its key is looked at again, and a key without its certificate is taken for ours.
  for (const std::string& file : {files.Key(), files.Certificate()}) {
    (void)::rename((file + from).c_str(), (file + to).c_str());
  }
}

}  // namespace

Result<void> EnsureKey(const IdentityFiles& files, const std::string& name) {
  SLIPWAY_TRYV(MakeDirectories(files.directory, 0700));
  const Result<Certificate> certificate = ReadCertificateFile(files.Certificate());
  if (certificate && NameIn(certificate.value().get()) != name) {
    Move(files, "", "." + NameIn(certificate.value().get()));
  }
  Move(files, "." + name, "");
  struct stat info {};
  if (::stat(files.Key().c_str(), &info) == 0 && info.st_size > 0) {
    return Ok();
  }
  const PrivateKey key(::EVP_EC_gen("P-256"));
  const Memory memory(::BIO_new(::BIO_s_mem()));
  if (key == nullptr || ::PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0,
                                                   nullptr, nullptr) != 1) {
    return OpensslError("cannot make a key");
  }
  return WriteFileAtomically(files.Key(), TextIn(memory.get()), 0600);
}

Result<std::string> MakeRequest(const IdentityFiles& files, const std::string& name) {
  SLIPWAY_TRY(key, ReadKey(files));
  const CertificateRequest request(::X509_REQ_new());
  X509_NAME* subject = ::X509_REQ_get_subject_name(request.get());
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  if (::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) != 1 ||
      ::X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      ::X509_REQ_sign(request.get(), key.get(), ::EVP_sha256()) == 0) {
    return OpensslError("cannot make a certificate request");
  }
  const Memory memory(::BIO_new(::BIO_s_mem()));
  if (::PEM_write_bio_X509_REQ(memory.get(), request.get()) != 1) {
    return OpensslError("cannot write a certificate request");
  }
  return TextIn(memory.get());
}

Result<void> SaveCertificate(const IdentityFiles& files, const std::string& certificate,
                             const std::string& ca) {
  SLIPWAY_TRY(key, ReadKey(files));
  SLIPWAY_TRY(parsed, ReadCertificate(certificate));
  SLIPWAY_TRY(authority, ReadCertificate(ca));
  if (::X509_check_private_key(parsed.get(), key.get()) != 1) {
    ::ERR_clear_error();
    return Fail(Code::kInvalid, "the certificate that the control plane gave is not for our key");
  }
  if (::X509_verify(parsed.get(), ::X509_get0_pubkey(authority.get())) != 1) {
    ::ERR_clear_error();
    return Fail(Code::kInvalid,
                "the certificate that the control plane gave is not signed by its CA");
  }
  if (::X509_cmp_current_time(::X509_get0_notAfter(parsed.get())) < 0) {
    return Fail(Code::kInvalid,
                "the certificate that the control plane gave has expired; delete the "
                "ServerClaim of this agent");
  }
  SLIPWAY_TRYV(WriteFileAtomically(files.Ca(), ca, 0644));
  return WriteFileAtomically(files.Certificate(), certificate, 0644);
}

std::string WhyNoCertificate(const IdentityFiles& files, const std::string& name,
                             const std::string& ca_hash) {
  const Result<Certificate> certificate = ReadCertificateFile(files.Certificate());
  const Result<Certificate> ca = ReadCertificateFile(files.Ca());
  const Result<PrivateKey> key = ReadKey(files);
  if (!certificate || !ca || !key) {
    return "there is none yet";
  }
  if (HashOf(ca.value().get()) != ca_hash) {
    return "it was given by another CA than --ca-hash names";
  }
  if (NameIn(certificate.value().get()) != name) {
    return "it is for " + CommonName(certificate.value().get()) + ", not for " + name;
  }
  if (::X509_cmp_current_time(::X509_get0_notAfter(certificate.value().get())) < 0) {
    return "it has expired";
  }
  if (::X509_check_private_key(certificate.value().get(), key.value().get()) != 1) {
    ::ERR_clear_error();
    return "it is not for our key";
  }
  return "";
}

bool EndsWithin(const IdentityFiles& files, Duration margin) {
  const Result<Certificate> certificate = ReadCertificateFile(files.Certificate());
  std::time_t then = std::time(nullptr) + std::chrono::floor<std::chrono::seconds>(margin).count();
  return certificate && ::X509_cmp_time(::X509_get0_notAfter(certificate.value().get()), &then) < 0;
}

Result<std::string> ParseCaHash(const std::string& text) {
  const std::string prefix = "sha256:";
  constexpr std::size_t kDigits = 64;
  std::string digits = text.rfind(prefix, 0) == 0 ? text.substr(prefix.size()) : "";
  std::ranges::transform(digits, digits.begin(), [](unsigned char digit) {
    return static_cast<char>(std::tolower(digit));
  });
  if (digits.size() != kDigits ||
      digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Fail(Code::kInvalid,
                "--ca-hash: must be sha256: and 64 hexadecimal digits, as the server prints it");
  }
  return digits;
}

}  // namespace slipway::agent
