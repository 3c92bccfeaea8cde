#include "src/agent/identity.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "src/agent/files.hpp"
#include "tests/src/git/world.hpp"
#include "tests/src/http/test_pki.hpp"

namespace slipway::agent {
namespace {

class IdentityTest : public ::testing::Test {
 protected:
  std::string KeyOf(const std::string& name) {
    EXPECT_TRUE(EnsureKey(files_, name));
    return ReadFile(files_.Key(), 1U << 16).value();
  }

  void Join(const std::string& name) {
    const auto request = apiserver::ReadSigningRequest(MakeRequest(files_, name).value());
    const auto certificate =
        pki_.pki().SignAgent(request.value(), "default", name,
                             std::chrono::floor<Duration>(std::chrono::system_clock::now()));
    ASSERT_TRUE(SaveCertificate(files_, certificate.value(), pki_.pki().ca_pem()));
  }

  git::test::Directory directory_;
  IdentityFiles files_{.directory = directory_.path() + "/identity"};
  http::TestPki pki_;
};

TEST_F(IdentityTest, AKeyIsMadeOnceAlsoBeforeItHasACertificate) {
  const std::string key = KeyOf("web-1");
  EXPECT_EQ(KeyOf("web-1"), key);
  Join("web-1");
  EXPECT_EQ(KeyOf("web-1"), key);
}

TEST_F(IdentityTest, AKeyThatCameWithACopyIsNotOursAndTheNewOneStays) {
  const std::string copied = KeyOf("i-1");
  Join("i-1");
  const std::string own = KeyOf("i-2");
  EXPECT_NE(own, copied);
  EXPECT_EQ(KeyOf("i-2"), own) << "until it has joined it asks with one key";
  Join("i-2");
  EXPECT_EQ(KeyOf("i-2"), own);
}

TEST_F(IdentityTest, ASlipInTheNameLosesNothing) {
  const std::string key = KeyOf("web-1");
  Join("web-1");
  EXPECT_NE(KeyOf("wbe-1"), key);
  EXPECT_EQ(KeyOf("web-1"), key);
  EXPECT_EQ(WhyNoCertificate(files_, "web-1", pki_.pki().ca_hash()).find("not for"),
            std::string::npos);
}

}  // namespace
}  // namespace slipway::agent
