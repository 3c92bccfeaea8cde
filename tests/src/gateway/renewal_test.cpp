#include "src/gateway/claims.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "reconciler/api/serverclaim.hpp"
#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/http/test_pki.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::gateway {
namespace {

using namespace std::chrono_literals;

/// An agent that joined as default/web-1.
class Renewal : public ::testing::Test {
 protected:
  Renewal() {
    request.name = "web-1";
    request.csr = http::TestPki::SigningRequest();
    key = apiserver::ReadSigningRequest(request.csr).value().key_hash;
    claim.metadata = {.name = ClaimNameOf("web-1", key),
                      .ns = "default",
                      .uid = Uid("u"),
                      .resource_version = "7"};
    claim.spec.name = "web-1";
    claim.spec.key_hash = key;
    claim.status.server = "web-1";
    claim.status.certificate = Signed();
    client.stored[claim.metadata.name] = api::Encode(claim);
  }

  std::string Signed() {
    const auto signing = apiserver::ReadSigningRequest(request.csr);
    return pki.pki().SignAgent(signing.value(), "default", "web-1", clock.Now()).value();
  }

  void Renew(const std::string& server) {
    claims.Renew(server, key, request, [this](Result<Claims::Answer> given) { answer = given; });
  }

  http::TestPki pki;
  TestClock clock{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  FakeClient client;
  Catalog catalog{"20260102T030405Z-1f"};
  Claims claims{client, catalog, clock, pki.pki()};
  protocol::ClaimRequest request;
  std::string key;
  api::ServerClaim claim;
  std::optional<Result<Claims::Answer>> answer;
};

TEST_F(Renewal, GivesTheNextCertificateWhereTheLastOneEndsSoon) {
  clock.mono = clock.mono + std::chrono::hours(24 * 340);
  Renew("default/web-1");
  ASSERT_EQ(client.writes.size(), 1U) << "durable before it is given";
  FakeClient::StatusWrite write = client.TakeWrite();
  const auto status = api::Decode<api::ServerClaimStatus>(write.status);
  EXPECT_NE(status.value().certificate, claim.status.certificate);
  EXPECT_FALSE(answer);
  write.done(std::make_shared<const std::string>("{}"));
  ASSERT_TRUE(answer && answer->has_value());
  EXPECT_EQ(std::get<protocol::ClaimReply>(answer->value()).certificate,
            status.value().certificate);
}

TEST_F(Renewal, GivesTheSameOneWhileThatIsGood) {
  Renew("default/web-1");
  ASSERT_TRUE(answer && answer->has_value());
  EXPECT_EQ(std::get<protocol::ClaimReply>(answer->value()).certificate, claim.status.certificate);
}

TEST_F(Renewal, IsForItsOwnKeyAndNameOnly) {
  Renew("default/web-2");
  ASSERT_TRUE(answer && !answer->has_value());
  EXPECT_EQ(answer->error().code, Code::kForbidden);
  request.csr = http::TestPki::SigningRequest();
  answer.reset();
  Renew("default/web-1");
  ASSERT_TRUE(answer && !answer->has_value());
  EXPECT_EQ(answer->error().code, Code::kForbidden);
  EXPECT_TRUE(client.writes.empty());
}

}  // namespace
}  // namespace slipway::gateway
