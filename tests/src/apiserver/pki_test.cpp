#include "src/apiserver/pki/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "src/apiserver/pki/durable_file.hpp"
#include "src/apiserver/pki/x509.hpp"

namespace slipway::apiserver {
namespace {

using std::chrono::hours;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr Time kNow{std::chrono::milliseconds(1'780'000'000'000)};
constexpr Duration kDay = hours(24);

class PkiTest : public testing::Test {
 protected:
  PkiTest() {
    std::string pattern = testing::TempDir() + "pki-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~PkiTest() override { std::filesystem::remove_all(folder_); }

  Pki Open(std::vector<std::string> addresses = {}, Time now = kNow) {
    auto pki = Pki::Open({.data_dir = folder_, .addresses = std::move(addresses)}, now);
    EXPECT_TRUE(pki.has_value()) << pki.error().message;
    return std::move(pki.value());
  }

  std::string Path(const std::string& name) const { return folder_ + "/pki/" + name; }

  Certificate ServerCertificate(const Pki& pki) const {
    return ParseCertificate(pki.server_chain_pem()).value();
  }

  std::string folder_;
};

TEST_F(PkiTest, TheFirstStartMakesKeysThatOnlyTheOwnerReads) {
  Open();
  for (const char* name : {"ca.key", "server.key", "admin.key"}) {
    struct stat status {};
    ASSERT_EQ(stat(Path(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600) << name;
  }
}

TEST_F(PkiTest, LaterStartsUseWhatIsThere) {
  const Pki first = Open({"10.0.0.1"});
  const Pki second = Open({"10.0.0.1"}, kNow + 10 * kDay);
  EXPECT_EQ(first.ca_pem(), second.ca_pem());
  EXPECT_EQ(first.server_chain_pem(), second.server_chain_pem());
  EXPECT_EQ(first.server_key_pem(), second.server_key_pem());
}

TEST_F(PkiTest, TheServerCertificateSpeaksForItsAddressesAndForThisMachine) {
  const Certificate certificate = ServerCertificate(Open({"10.0.0.1", "slipway.example.com"}));
  EXPECT_TRUE(
      CoversAll(certificate, {"10.0.0.1", "slipway.example.com", "localhost", "127.0.0.1", "::1"}));
  EXPECT_FALSE(CoversAll(certificate, {"10.0.0.2"}));
}

TEST_F(PkiTest, TheChainHoldsTheAuthoritySoThatItsHashCanBeChecked) {
  const Pki pki = Open();
  EXPECT_THAT(pki.server_chain_pem(), HasSubstr(pki.ca_pem()));
  EXPECT_EQ(pki.ca_hash(), CertificateHash(pki.ca_pem()).value());
  EXPECT_THAT(pki.ca_hash(), MatchesRegex("sha256:[0-9a-f]{64}"));
}

TEST_F(PkiTest, AnotherAddressRenewsTheServerCertificateOnly) {
  const Pki first = Open({"10.0.0.1"});
  const Pki second = Open({"10.0.0.2"});
  EXPECT_NE(first.server_chain_pem(), second.server_chain_pem());
  EXPECT_EQ(first.ca_pem(), second.ca_pem());
  EXPECT_TRUE(CoversAll(ServerCertificate(second), {"10.0.0.2"}));
}

TEST_F(PkiTest, AServerCertificateNearItsEndIsRenewed) {
  Pki pki = Open();
  const std::string before = pki.server_chain_pem();
  EXPECT_TRUE(pki.Renew(kNow + 200 * kDay).has_value());
  EXPECT_EQ(pki.server_chain_pem(), before);
  EXPECT_TRUE(pki.Renew(kNow + 280 * kDay).has_value());
  EXPECT_NE(pki.server_chain_pem(), before);
  EXPECT_GT(EndOf(ServerCertificate(pki)), kNow + 600 * kDay);
}

TEST_F(PkiTest, CertificatesOfTheFutureAreRenewed) {
  Pki pki = Open();
  ASSERT_TRUE(pki.Renew(kNow + 280 * kDay).has_value());  // the clock was wrong
  const std::string server = pki.server_chain_pem();
  const std::string admin = pki.admin_pem();
  ASSERT_TRUE(pki.Renew(kNow + kDay).has_value());
  EXPECT_NE(pki.server_chain_pem(), server);
  EXPECT_NE(pki.admin_pem(), admin);
  EXPECT_LT(StartOf(ServerCertificate(pki)), kNow + kDay);
  EXPECT_LT(StartOf(ParseCertificate(pki.admin_pem()).value()), kNow + kDay);
}

TEST_F(PkiTest, AnAuthorityWithoutItsKeyIsNotReplacedSilently) {
  Open();
  std::filesystem::remove(Path("ca.key"));
  const auto pki = Pki::Open({.data_dir = folder_, .addresses = {}}, kNow);
  ASSERT_FALSE(pki.has_value());
  EXPECT_THAT(pki.error().message, HasSubstr("restore"));
}

TEST_F(PkiTest, ACrashBeforeTheFirstCertificateWasWrittenIsNoTrouble) {
  Open();
  std::filesystem::remove(Path("ca.crt"));
  const Pki pki = Open();
  EXPECT_TRUE(BelongsTo(ServerCertificate(pki), ParseKey(pki.server_key_pem()).value(),
                        ParseCertificate(pki.ca_pem()).value()));
}

TEST_F(PkiTest, TheKubeconfigHoldsEverythingAndOnlyTheOwnerReadsIt) {
  const Pki pki = Open();
  ASSERT_TRUE(pki.WriteAdminKubeconfig("https://127.0.0.1:8443").has_value());
  const std::string path = folder_ + "/admin.kubeconfig";
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
  const std::string text = ReadFile(path).value();
  EXPECT_THAT(text, HasSubstr("server: https://127.0.0.1:8443\n"));
  EXPECT_THAT(text, HasSubstr("certificate-authority-data: " + Base64(pki.ca_pem())));
  EXPECT_THAT(text, HasSubstr("client-key-data: "));
}

/// A PEM request made by the openssl program, an implementation that is not ours.
std::string RequestFor(const std::string& folder, const std::string& key_options) {
  const std::string command = "openssl req -new -nodes -subj /CN=whoever -keyout " + folder +
                              "/agent.key -out " + folder + "/agent.csr -newkey " + key_options +
                              " 2>/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return ReadFile(folder + "/agent.csr").value();
}

constexpr char kP256[] = "ec -pkeyopt ec_paramgen_curve:P-256";

TEST_F(PkiTest, AnAgentGetsACertificateInTheNameThatItWasMatchedWith) {
  const Pki pki = Open();
  const auto request = ReadSigningRequest(RequestFor(folder_, kP256));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_THAT(request.value().key_hash, MatchesRegex("[0-9a-f]{64}"));
  const std::string long_name(200, 'x');
  const auto pem = pki.SignAgent(request.value(), "default", long_name, kNow);
  ASSERT_TRUE(pem.has_value()) << pem.error().message;
  const Certificate certificate = ParseCertificate(pem.value()).value();
  EXPECT_TRUE(BelongsTo(certificate, ParseKey(ReadFile(folder_ + "/agent.key").value()).value(),
                        ParseCertificate(pki.ca_pem()).value()));
  std::ofstream(folder_ + "/agent.crt") << pem.value();
  const std::string command = "openssl x509 -noout -subject -nameopt RFC2253 -in " + folder_ +
                              "/agent.crt > " + folder_ + "/subject";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(ReadFile(folder_ + "/subject").value(),
            "subject=CN=default/" + long_name + ",O=slipway:agents\n");
}

TEST_F(PkiTest, WeakKeysAreRefused) {
  const auto request = ReadSigningRequest(RequestFor(folder_, "rsa:1024"));
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(request.error().code, Code::kInvalid);
  EXPECT_THAT(request.error().message, HasSubstr("P-256"));
}

TEST_F(PkiTest, ARequestThatWasTamperedWithIsRefused) {
  std::string pem = RequestFor(folder_, kP256);
  const std::size_t at = pem.size() - 60;  // inside of the signature
  pem[at] = pem[at] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(ReadSigningRequest(pem).has_value());
  EXPECT_FALSE(ReadSigningRequest("").has_value());
  EXPECT_FALSE(ReadSigningRequest("-----BEGIN CERTIFICATE REQUEST-----\n").has_value());
}

TEST_F(PkiTest, SerialNumbersDiffer) {
  const Pki pki = Open();
  const auto request = ReadSigningRequest(RequestFor(folder_, kP256)).value();
  std::set<std::string> certificates;
  for (int i = 0; i < 3; ++i) {
    certificates.insert(pki.SignAgent(request, "default", "web-1", kNow).value());
  }
  EXPECT_EQ(certificates.size(), 3U);
}

}  // namespace
}  // namespace slipway::apiserver
