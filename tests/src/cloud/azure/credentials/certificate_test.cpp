#include "src/cloud/azure/credentials/certificate.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/src/cloud/azure/credentials/test_certificate.hpp"
#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"

namespace slipway::cloud::azure {
namespace {

using gcp::FromBase64Url;
using gcp::RsaKey;
using nlohmann::json;

constexpr const char* kUrl = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
const Time kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)};

std::string Complaint(const std::string& pem) {
  const auto read = ReadCertificate(pem);
  return read.has_value() ? "" : read.error().message;
}

TEST(AzureCertificate, AnAssertionSaysWhoAndToWhomAndForHowLong) {
  const std::string certificate = CertificateOf(RsaKey());
  for (const std::string& pem : {RsaKey() + certificate, certificate + RsaKey()}) {
    const auto read = ReadCertificate(pem);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    const auto assertion = SignAssertion(read.value(), "client", kUrl, kNow);
    ASSERT_TRUE(assertion.has_value());
    const std::string& text = assertion.value();
    const auto first = text.find('.');
    const auto second = text.rfind('.');
    EXPECT_TRUE(gcp::RsaSigned(text.substr(0, second), text.substr(second + 1)));
    const json header = json::parse(FromBase64Url(text.substr(0, first)));
    EXPECT_EQ(header.at("alg"), "RS256");
    EXPECT_EQ(FromBase64Url(header.at("x5t")), ThumbprintOf(certificate));
    json claims = json::parse(FromBase64Url(text.substr(first + 1, second - first - 1)));
    EXPECT_GE(claims["jti"].get<std::string>().size(), 16U);
    claims.erase("jti");
    EXPECT_EQ(claims, json({{"aud", kUrl},
                            {"iss", "client"},
                            {"sub", "client"},
                            {"iat", 1795651200},
                            {"nbf", 1795651200},
                            {"exp", 1795651800}}));
    EXPECT_NE(SignAssertion(read.value(), "client", kUrl, kNow).value(), text)
        << "none is used twice";
  }
}

TEST(AzureCertificate, WhatCannotBeUsedSaysWhy) {
  const std::string certificate = CertificateOf(RsaKey());
  EXPECT_EQ(Complaint(""), "it holds no certificate in PEM");
  EXPECT_EQ(Complaint(RsaKey()), "it holds no certificate in PEM");
  EXPECT_EQ(Complaint(certificate), "it holds no private RSA key in PEM");
  EXPECT_EQ(Complaint(certificate + "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----"),
            "it holds no private RSA key in PEM");
  EXPECT_EQ(Complaint(certificate + OtherKey()),
            "its key is that of another certificate than its first");
}

TEST(AzureCertificate, NobodyIsAskedForAPassphrase) {
  EXPECT_EQ(Complaint(CertificateOf(RsaKey()) + Encrypted(RsaKey())),
            "its key is encrypted, and nobody is there to say with what");
}

}  // namespace
}  // namespace slipway::cloud::azure
