#include "src/gateway/claims.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/http/test_pki.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::gateway {
namespace {

using nlohmann::json;
using Outcome = Result<Claims::Answer>;

constexpr Time kNow{std::chrono::milliseconds(1'780'000'000'000)};
constexpr const char* kToken = "default.ab12.secret";

std::string Base64(const std::string& text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  encoded.resize(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                 reinterpret_cast<const unsigned char*>(text.data()),
                                 static_cast<int>(text.size())));
  return encoded;
}

std::string Sha256(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
  }
  return hex;
}

std::string SecretOf(const std::string& token, const std::string& type = "slipway.dev/agent-token",
                     const std::string& expires = "2030-01-01T00:00:00Z") {
  return json({{"type", type},
               {"data",
                {{"hash", Base64(Sha256(token))},
                 {"expires", Base64(expires)},
                 {"fleet", Base64("web")}}}})
      .dump();
}

class ClaimsTest : public ::testing::Test {
 protected:
  ClaimsTest() { catalog_.Start(client_); }

  void Ask(const std::string& token = kToken) {
    outcome_.reset();
    claims_->Handle(token, {.name = "web-1", .version = "1", .csr = request_, .addresses = {}},
                    [this](Outcome outcome) { outcome_ = std::move(outcome); });
  }

  static kube::ObjectText Text(const std::string& text) {
    return std::make_shared<const std::string>(text);
  }

  void AnswerGet(const Result<kube::ObjectText>& answer) {
    FakeClient::TakeFrom(client_.gets).done(answer);
  }

  /// Up to the point where the claim is there.
  void AskAndKeep() {
    Ask();
    AnswerGet(Text(SecretOf(kToken)));
    const FakeClient::Call create = FakeClient::TakeFrom(client_.creates);
    claim_ = api::Decode<api::ServerClaim>(create.json).value();
    claim_.metadata.uid = Uid("claim");
    claim_.metadata.resource_version = "3";
    create.done(Text(create.json));
  }

  Code CodeOf() const {
    EXPECT_TRUE(outcome_ && !outcome_->has_value());
    return outcome_ && !outcome_->has_value() ? outcome_->error().code : Code::kInternal;
  }

  template <typename T>
  const T* Got() const {
    return outcome_ && outcome_->has_value() ? std::get_if<T>(&outcome_->value()) : nullptr;
  }

  TestClock clock_{kNow};
  FakeClient client_;
  Catalog catalog_{"20260102T030405Z-1f"};
  http::TestPki pki_;
  std::unique_ptr<Claims> claims_ = std::make_unique<Claims>(client_, catalog_, clock_, pki_.pki());
  std::string request_ = http::TestPki::SigningRequest();
  api::ServerClaim claim_;
  std::optional<Outcome> outcome_;
};

TEST_F(ClaimsTest, ATokenThatIsUnknownWrongExpiredOrNoTokenIsRefusedInTheSameWords) {
  std::set<std::string> messages;
  const std::vector<Result<kube::ObjectText>> secrets = {
      Fail(Code::kNotFound, "no such Secret"), Text(SecretOf("default.ab12.other")),
      Text(SecretOf(kToken, "slipway.dev/agent-token", "2020-01-01T00:00:00Z")),
      Text(SecretOf(kToken, "Opaque"))};
  for (const auto& secret : secrets) {
    Ask();
    AnswerGet(secret);
    EXPECT_EQ(CodeOf(), Code::kUnauthorized);
    messages.insert(outcome_->error().message);
  }
  for (const char* token : {"", "default", "default.ab12", "default.../../x.secret", ".ab12.s"}) {
    Ask(token);
    EXPECT_EQ(CodeOf(), Code::kUnauthorized) << token;
    messages.insert(outcome_->error().message);
  }
  EXPECT_EQ(messages.size(), 1U);
  EXPECT_TRUE(client_.gets.empty());
  EXPECT_TRUE(client_.creates.empty());
}

TEST_F(ClaimsTest, AClaimWaitsUntilItIsMatchedAndIsThenCertified) {
  AskAndKeep();
  EXPECT_EQ(claim_.spec.fleet, "web");
  AnswerGet(Text(api::Encode(claim_)));
  ASSERT_NE(Got<protocol::ClaimWaiting>(), nullptr);
  claim_.status.server = "web-1";
  Ask();
  AnswerGet(Text(SecretOf(kToken)));
  FakeClient::TakeFrom(client_.creates).done(Fail(Code::kAlreadyExists, "it is there"));
  AnswerGet(Text(api::Encode(claim_)));
  const FakeClient::StatusWrite write = client_.TakeWrite();
  EXPECT_FALSE(outcome_) << "a certificate is given only once it is kept";
  write.done(Text("{}"));
  const auto* reply = Got<protocol::ClaimReply>();
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->ca, pki_.pki().ca_pem());
  EXPECT_EQ(api::Decode<api::ServerClaimStatus>(write.status).value().certificate,
            reply->certificate);
}

TEST_F(ClaimsTest, WhenTheAnswerToACreateIsLostTheAgentAsksAgainAndFindsIt) {
  Ask();
  AnswerGet(Text(SecretOf(kToken)));
  FakeClient::TakeFrom(client_.creates).done(Fail(Code::kTimeout, "no answer"));
  EXPECT_EQ(CodeOf(), Code::kTimeout);
  AskAndKeep();
  AnswerGet(Text(api::Encode(claim_)));
  EXPECT_NE(Got<protocol::ClaimWaiting>(), nullptr);
}

TEST_F(ClaimsTest, AClaimThatChangedMeanwhileIsAskedForAgain) {
  AskAndKeep();
  claim_.status.server = "web-1";
  AnswerGet(Text(api::Encode(claim_)));
  client_.TakeWrite().done(Fail(Code::kConflict, "it has changed"));
  EXPECT_NE(Got<protocol::ClaimWaiting>(), nullptr);
}

TEST_F(ClaimsTest, ACertificateIsGivenAgainUnlessAnotherAuthorityHasSignedIt) {
  AskAndKeep();
  claim_.status.server = "web-1";
  const auto signing = apiserver::ReadSigningRequest(request_).value();
  claim_.status.certificate = pki_.pki().SignAgent(signing, "default", "web-1", kNow).value();
  AnswerGet(Text(api::Encode(claim_)));
  ASSERT_NE(Got<protocol::ClaimReply>(), nullptr);
  EXPECT_EQ(Got<protocol::ClaimReply>()->certificate, claim_.status.certificate);
  http::TestPki other;
  claims_ = std::make_unique<Claims>(client_, catalog_, clock_, other.pki());
  AskAndKeep();
  claim_.status.server = "web-1";
  claim_.status.certificate = pki_.pki().SignAgent(signing, "default", "web-1", kNow).value();
  AnswerGet(Text(api::Encode(claim_)));
  client_.TakeWrite().done(Text("{}"));
  ASSERT_NE(Got<protocol::ClaimReply>(), nullptr);
  EXPECT_NE(Got<protocol::ClaimReply>()->certificate, claim_.status.certificate);
  EXPECT_EQ(Got<protocol::ClaimReply>()->ca, other.pki().ca_pem());
}

TEST_F(ClaimsTest, AKeyThatIsNotTheClaimsIsRefused) {
  AskAndKeep();
  claim_.spec.key_hash = std::string(64, 'f');
  AnswerGet(Text(api::Encode(claim_)));
  EXPECT_EQ(CodeOf(), Code::kConflict);
}

TEST_F(ClaimsTest, OneTokenMakesABoundedNumberOfClaimsThatMatchNothing) {
  std::vector<std::string> claims;
  for (std::size_t number = 0; number < Claims::kMostUnmatched; ++number) {
    api::ServerClaim claim;
    claim.metadata = {.name = "made-up-" + std::to_string(number), .ns = "default"};
    claim.spec.token_id = "ab12";
    claims.push_back(api::Encode(claim));
  }
  client_.List({{"serverclaims", claims}});
  Ask();
  AnswerGet(Text(SecretOf(kToken)));
  EXPECT_EQ(CodeOf(), Code::kTooManyRequests);
  EXPECT_TRUE(client_.creates.empty());
  claims.pop_back();
  client_.List({{"serverclaims", claims}});
  AskAndKeep();
  EXPECT_EQ(claim_.spec.token_id, "ab12");
}

}  // namespace
}  // namespace slipway::gateway
