#include <gtest/gtest.h>

#include "src/git/mirror.hpp"
#include "src/git/problem.hpp"
#include "tests/src/git/servers.hpp"

namespace slipway::git::test {
namespace {

/// A real sshd that lets one ed25519 key in.
class SshTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new Directory;
    for (const char* name : {"authorized", "stranger"}) {
      Execute({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", *directory_ / name});
    }
    Execute(
        {"ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", *directory_ / "locked"});
    server_ = new SshServer(*directory_, ReadText(*directory_ / "authorized.pub") +
                                             ReadText(*directory_ / "locked.pub"));
  }
  static void TearDownTestSuite() {
    delete server_;
    delete directory_;
  }

  SshTest() : source_(mirrors_ / "source"), set_(Options(mirrors_), runner_) {
    head_ = source_.Write("a", "1");
    request_.url = server_->Url(source_.path());
    request_.credentials.ssh_private_key = ReadText(*directory_ / "authorized");
    request_.credentials.known_hosts = server_->KnownHosts("ed25519");
  }

  Result<Fetched> Fetch() { return set_.Get("shop").value()->Fetch(request_); }

  Error FetchError() {
    auto fetched = Fetch();
    EXPECT_FALSE(fetched.has_value());
    return fetched.has_value() ? Error{} : fetched.error();
  }

  inline static Directory* directory_ = nullptr;
  inline static SshServer* server_ = nullptr;

  Directory mirrors_;
  Repository source_;
  process::PosixProcessRunner runner_;
  MirrorSet set_;
  FetchRequest request_;
  Commit head_;
};

TEST_F(SshTest, FetchesWithAKeyFromMemory) {
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().commit, head_);
  EXPECT_EQ(fetched.value().received_objects, 3u);
  fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().received_objects, 0u);
}

TEST_F(SshTest, AKeyWithAPassphrase) {
  request_.credentials.ssh_private_key = ReadText(*directory_ / "locked");
  request_.credentials.ssh_passphrase = "open sesame";
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  request_.credentials.ssh_passphrase = "closed";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kUnauthorized);
}

TEST_F(SshTest, AnyTypeOfHostKeyThatKnownHostsNamesWillDo) {
  request_.credentials.known_hosts = server_->KnownHosts("ecdsa");
  auto fetched = Fetch();
  EXPECT_TRUE(fetched.has_value()) << fetched.error().message;
}

TEST_F(SshTest, AnUnknownHostKeyIsRefused) {
  Execute({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", mirrors_ / "another"});
  request_.credentials.known_hosts =
      "[localhost]:" + std::to_string(server_->port()) + " " + ReadText(mirrors_ / "another.pub");
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kHostKeyMismatch) << error.message;
  EXPECT_NE(error.message.find("in between"), std::string::npos) << error.message;
}

TEST_F(SshTest, AHostThatKnownHostsDoesNotNameIsRefused) {
  request_.credentials.known_hosts = "elsewhere " + ReadText(*directory_ / "host_key_ed25519.pub");
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kHostKeyMismatch) << error.message;
  EXPECT_NE(error.message.find("ssh-keyscan"), std::string::npos) << error.message;
  request_.credentials.known_hosts = "";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kHostKeyMismatch);
}

TEST_F(SshTest, ARevokedHostKeyIsRefused) {
  const std::string line = server_->KnownHosts("ed25519");
  request_.credentials.known_hosts = line + "@revoked " + line;
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kHostKeyMismatch);
}

TEST_F(SshTest, AStrangersKeyIsUnauthorized) {
  request_.credentials.ssh_private_key = ReadText(*directory_ / "stranger");
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kUnauthorized) << error.message;
  request_.credentials.ssh_private_key = "";
  EXPECT_EQ(ProblemOf(FetchError()), Problem::kUnauthorized);
}

TEST_F(SshTest, AnRsaKeyIsRefusedWithTheAdvice) {
  Execute({"ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", mirrors_ / "rsa"});
  request_.credentials.ssh_private_key = ReadText(mirrors_ / "rsa");
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kUnauthorized);
  EXPECT_NE(error.message.find("ed25519"), std::string::npos) << error.message;
}

TEST_F(SshTest, AMissingRepositoryIsNamed) {
  request_.url = server_->Url(mirrors_ / "nowhere");
  Error error = FetchError();
  EXPECT_EQ(ProblemOf(error), Problem::kRepositoryNotFound) << error.message;
}

}  // namespace
}  // namespace slipway::git::test
