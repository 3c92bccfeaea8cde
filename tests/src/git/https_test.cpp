#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "src/git/address_certificate.hpp"
#include "src/git/mirror.hpp"
#include "src/git/problem.hpp"
#include "tests/src/git/servers.hpp"

namespace slipway::git::test {
namespace {

namespace fs = std::filesystem;

/// One server for all tests of this file; each test has a repository and a mirror of its own.
class HttpsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new Directory;
    certificates_ = new Certificates(MakeCertificates(*directory_, "server"));
    server_ = new HttpsServer(*directory_, *certificates_);
  }
  static void TearDownTestSuite() {
    delete server_;
    delete certificates_;
    delete directory_;
  }

  HttpsTest()
      : name_(testing::UnitTest::GetInstance()->current_test_info()->name()),
        source_(*directory_ / ("git/" + name_)),
        set_(Options(mirrors_), runner_) {
    request_.url = server_->Url("/git/" + name_);
    request_.credentials.ca_certificates = ReadText(certificates_->authority);
  }

  Result<Fetched> Fetch() { return set_.Get("shop").value()->Fetch(request_); }

  Error FetchError() {
    auto fetched = Fetch();
    EXPECT_FALSE(fetched.has_value());
    return fetched.has_value() ? Error{} : fetched.error();
  }

  static int Requests(const std::string& method) {
    const std::string log = server_->Log();
    int count = 0;
    for (std::size_t at = log.find(method + " /"); at != std::string::npos;
         at = log.find(method + " /", at + 1)) {
      ++count;
    }
    return count;
  }

  inline static Directory* directory_ = nullptr;
  inline static Certificates* certificates_ = nullptr;
  inline static HttpsServer* server_ = nullptr;

  const std::string name_;
  Repository source_;
  Directory mirrors_;
  process::PosixProcessRunner runner_;
  MirrorSet set_;
  FetchRequest request_;
};

TEST_F(HttpsTest, FetchesThroughHttpBackendWithACaOfItsOwn) {
  Commit head = source_.Write("a", "1");
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().commit, head);
  EXPECT_EQ(fetched.value().received_objects, 3u);
  EXPECT_GT(fetched.value().received_bytes, 0u);
}

TEST_F(HttpsTest, APollWithoutNewsIsOneAdvertisement) {
  Commit head = source_.Write("a", "1");
  ASSERT_TRUE(Fetch().has_value());
  source_.Git({"checkout", "-q", "-b", "other"});
  source_.Write("a", "on another branch");
  server_->ClearLog();
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(fetched.value().commit, head);
  EXPECT_EQ(fetched.value().received_bytes, 0u);
  EXPECT_EQ(Requests("GET"), 1) << server_->Log();
  EXPECT_EQ(Requests("POST"), 0) << server_->Log();
  EXPECT_NE(server_->Log().find("info/refs?service=git-upload-pack"), std::string::npos);
}

TEST_F(HttpsTest, OnlyTheWantedBranchAndOnlyWhatIsNewIsTransferred) {
  source_.Write("large", Noise(500'000, 1));
  ASSERT_TRUE(Fetch().has_value());
  source_.Git({"checkout", "-q", "-b", "huge"});
  Commit huge = source_.Write("b", Noise(500'000, 2));
  source_.Git({"checkout", "-q", "main"});
  Commit head = source_.Write("a", "2");
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(fetched.value().commit, head);
  EXPECT_LT(fetched.value().received_bytes, 2000u);
  EXPECT_FALSE(set_.Get("shop").value()->Has(huge));
}

TEST_F(HttpsTest, AnotherCaIsRefused) {
  source_.Write("a", "1");
  Certificates other = MakeCertificates(mirrors_, "other");
  request_.credentials.ca_certificates = ReadText(other.authority);
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kCertificateInvalid) << error.message;
  request_.credentials.ca_certificates = "";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kCertificateInvalid)
      << "the system does not trust it either";
  request_.credentials.ca_certificates = "not a certificate";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kCertificateInvalid);
}

TEST_F(HttpsTest, ACertificateForAnotherNameIsRefused) {
  source_.Write("a", "1");
  request_.url = server_->Url("/git/" + name_, "127.0.0.1");
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kCertificateInvalid) << error.message;
}

TEST_F(HttpsTest, AnAddressInTheUrlMustBeInTheCertificate) {
  Directory other;
  Certificates certificates = MakeCertificates(other, "addressed", "IP:127.0.0.1");
  HttpsServer server(other, certificates);
  Repository source(other / "git/shop");
  Commit head = source.Write("a", "1");
  request_.credentials.ca_certificates = ReadText(certificates.authority);
  request_.url = server.Url("/git/shop", "127.0.0.1");
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().commit, head);
  request_.url = server.Url("/git/shop", "127.0.0.2");
  EXPECT_FALSE(Fetch().has_value());
  request_.url = server.Url("/git/shop", "localhost");
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kCertificateInvalid);
  request_.url = server.Url("/git/shop", "127.0.0.1");
  request_.credentials.ca_certificates = ReadText(certificates_->authority);
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kCertificateInvalid);
}

TEST(AddressCertificate, NamesAddressDateAndSignerAllCount) {
  Directory directory;
  Certificates right = MakeCertificates(directory, "right", "IP:10.0.0.1");
  Certificates other = MakeCertificates(directory, "other", "IP:10.0.0.1");
  const std::string der =
      ExecuteRaw({"openssl", "x509", "-in", right.certificate, "-outform", "DER"});
  EXPECT_TRUE(VerifiesForAddress(der, right.authority, "10.0.0.1"));
  EXPECT_FALSE(VerifiesForAddress(der, right.authority, "10.0.0.2"));
  EXPECT_FALSE(VerifiesForAddress(der, right.authority, "localhost"));
  EXPECT_FALSE(VerifiesForAddress(der, other.authority, "10.0.0.1"));
  EXPECT_FALSE(VerifiesForAddress(der, directory / "missing", "10.0.0.1"));
  EXPECT_FALSE(VerifiesForAddress(der.substr(0, 100), right.authority, "10.0.0.1"));
  EXPECT_FALSE(VerifiesForAddress("", right.authority, "10.0.0.1"));
  Certificates expired = MakeCertificates(directory, "expired", "IP:10.0.0.1", "-1");
  EXPECT_FALSE(VerifiesForAddress(
      ExecuteRaw({"openssl", "x509", "-in", expired.certificate, "-outform", "DER"}),
      expired.authority, "10.0.0.1"));
}

TEST_F(HttpsTest, BasicCredentialsOpenThePrivateOnes) {
  Commit head = source_.Write("a", "1");
  request_.url = server_->Url("/private/" + name_);
  request_.credentials.username = "ada";
  request_.credentials.password = "s3cret+pass";
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().commit, head);
}

TEST_F(HttpsTest, WithoutOrWithWrongCredentialsItIsUnauthorized) {
  source_.Write("a", "1");
  request_.url = server_->Url("/private/" + name_);
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kUnauthorized);
  request_.credentials.username = "ada";
  request_.credentials.password = "wrong-s3cret";
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kUnauthorized);
  EXPECT_NE(error.message.find("Secret"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("wrong-s3cret"), std::string::npos) << error.message;
}

TEST_F(HttpsTest, ABearerTokenIsSentAsSuch) {
  Commit head = source_.Write("a", "1");
  request_.url = server_->Url("/token/" + name_);
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kUnauthorized);
  request_.credentials.bearer_token = "t0ken";
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().commit, head);
  request_.credentials.bearer_token = "t0ken\r\nX-Injected: 1";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kUnauthorized);
}

TEST_F(HttpsTest, ARedirectIsRefusedAndCredentialsGoNowhereElse) {
  source_.Write("a", "1");
  request_.url = server_->Url("/moved/" + name_);
  request_.credentials.username = "ada";
  request_.credentials.password = "s3cret+pass";
  for (const char* token : {"", "t0ken"}) {
    request_.credentials.bearer_token = token;
    server_->ClearLog();
    Error error = FetchError();
    EXPECT_EQ(ProblemOf(error), Problem::kRedirected) << error.message;
    EXPECT_EQ(server_->Log(), "") << "nothing came where the redirect points to";
  }
}

TEST_F(HttpsTest, ARedirectInTheMiddleIsRefusedToo) {
  request_.url = server_->Url("/hostile/later-redirect/x");
  request_.credentials.bearer_token = "t0ken";
  server_->ClearLog();
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kRedirected) << error.message;
  EXPECT_EQ(server_->Log().find("stolen"), std::string::npos) << server_->Log();
}

TEST_F(HttpsTest, AMissingBranchOrRepositoryIsNamed) {
  source_.Write("a", "1");
  request_.ref.name = "missing";
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kRefNotFound);
  EXPECT_NE(error.message.find("no branch missing"), std::string::npos) << error.message;
  request_.url = server_->Url("/git/nowhere");
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kRepositoryNotFound);
}

TEST_F(HttpsTest, StatusCodesBecomeReasons) {
  const std::pair<const char*, Problem> cases[] = {{"401", Problem::kUnauthorized},
                                                   {"403", Problem::kUnauthorized},
                                                   {"404", Problem::kRepositoryNotFound},
                                                   {"500", Problem::kUnreachable},
                                                   {"503", Problem::kUnreachable}};
  for (const auto& [status, problem] : cases) {
    request_.url = server_->Url(std::string("/hostile/status/") + status);
    Error error = FetchError();
    EXPECT_EQ(ProblemOf(error), problem) << status << ": " << error.message;
  }
}

TEST_F(HttpsTest, HostileAnswersCostOnePollAndWriteNothing) {
  for (const char* path : {"lies", "html", "escape"}) {
    request_.url = server_->Url(std::string("/hostile/") + path + "/x");
    auto fetched = Fetch();
    ASSERT_FALSE(fetched.has_value()) << path;
    EXPECT_NE(ProblemOf(fetched.error()), Problem::kInternal)
        << path << ": " << fetched.error().message;
  }
  const std::string mirror = set_.Get("shop").value()->path();
  EXPECT_EQ(Execute({"git", "for-each-ref"}, "", mirror), "");
  EXPECT_TRUE(fs::is_empty(mirror + "/objects/pack"));
}

TEST_F(HttpsTest, APackThatLacksAnObjectIsRefusedAndAnHonestOneHeals) {
  Commit first = source_.Write("a", "1");
  request_.url = server_->Url("/hostile/partial/" + name_);
  ASSERT_TRUE(Fetch().has_value());
  Commit second = source_.Write("dir/b", "2");
  const std::string pack = *directory_ / "git/partial.pack";
  WriteText(pack, ExecuteRaw({"git", "pack-objects", "-q", "--stdout"},
                             second.value + "\n" + source_.Git({"rev-parse", "HEAD^{tree}"}) +
                                 "\n" + source_.Git({"rev-parse", "HEAD:dir"}) + "\n",
                             source_.path()));
  auto mirror = set_.Get("shop").value();
  for (int poll = 0; poll < 2; ++poll) {
    Error error = FetchError();
    EXPECT_EQ(ProblemOf(error), Problem::kBadPack) << error.message;
    EXPECT_NE(error.message.find(source_.Git({"rev-parse", "HEAD:dir/b"})), std::string::npos)
        << error.message;
    EXPECT_FALSE(mirror->Has(second));
    EXPECT_TRUE(mirror->Resolve(first, "").has_value());
  }
  fs::remove(pack);
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().commit, second);
  Execute({"git", "fsck", "--strict", "--connectivity-only", second.value}, "", mirror->path());
}

TEST_F(HttpsTest, AnEndlessAdvertisementIsEndedByTheDeadlineOrAnError) {
  request_.url = server_->Url("/hostile/endless/x");
  request_.deadline = Duration(3000);
  FetchError();
}

TEST_F(HttpsTest, APackThatNeverEndsIsATimeoutAndLeavesNothing) {
  request_.url = server_->Url("/hostile/slow/x");
  request_.deadline = Duration(4000);
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kTimeout);
  EXPECT_NE(server_->Log().find("POST /hostile/slow"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(set_.Get("shop").value()->path() + "/objects/pack"));
}

TEST_F(HttpsTest, MoreBytesThanAllowedAreRefused) {
  source_.Write("a", Noise(3'000'000, 1));
  MirrorOptions options = Options(mirrors_);
  options.limits.received_bytes = 1'000'000;
  MirrorSet limited(options, runner_);
  auto fetched = limited.Get("limited").value()->Fetch(request_);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(ProblemOf(fetched.error()), Problem::kTooLarge) << fetched.error().message;
  EXPECT_TRUE(fs::is_empty(limited.Get("limited").value()->path() + "/objects/pack"));
}

TEST_F(HttpsTest, NobodyListeningIsUnreachable) {
  request_.url = "https://localhost:" + std::to_string(FreePort()) + "/x";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kUnreachable);
  request_.url = "https://host.invalid/x";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kUnreachable);
}

TEST_F(HttpsTest, AServerThatNeverAnswersIsATimeout) {
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  request_.url = "https://localhost:" + std::to_string(ntohs(address.sin_port)) + "/x";
  request_.deadline = Duration(500);
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kTimeout);
  ::close(listener);
}

}  // namespace
}  // namespace slipway::git::test
