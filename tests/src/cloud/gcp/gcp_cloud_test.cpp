#include "src/cloud/gcp/gcp_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "tests/src/cloud/fake_rest_client.hpp"
#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"
#include "tests/src/test_clock.hpp"

// The whole way from a Fleet's provider to a list, with an API that misbehaves in every way it can.
namespace slipway::cloud::gcp {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

rest::Response Page(const std::vector<std::string>& names, const std::string& token = "") {
  json instances = json::array();
  for (const std::string& name : names) {
    instances.push_back({{"id", "7"}, {"name", name}, {"status", "RUNNING"}});
  }
  json page = {{"kind", "compute#instanceAggregatedList"},
               {"items", {{"zones/europe-west1-b", {{"instances", instances}}}}}};
  if (!token.empty()) {
    page["nextPageToken"] = token;
  }
  return {.status = 200, .headers = {}, .body = PrintJson(page)};
}

rest::Response Refused(int status, const std::string& reason, const std::string& message = "no") {
  return {.status = status,
          .headers = {{"x-goog-request-id", "req-7"}},
          .body = PrintJson({{"error",
                              {{"code", status},
                               {"message", message},
                               {"errors", json::array({{{"reason", reason}}})}}}})};
}

class GcpCloudTest : public ::testing::Test {
 protected:
  GcpCloudTest() { provider_.gcp = api::GcpProvider{.project = "shop-prod"}; }

  Result<rest::Response> Next() {
    if (answers_.empty()) {
      return Fail(Code::kUnavailable, "https://somewhere: there is no answer any more");
    }
    Result<rest::Response> next = answers_.front();
    answers_.pop_front();
    return next;
  }

  /// "Reason: message" of the error, or how many are listed.
  std::string Outcome(const SecretData& secret = {}) {
    const auto listed = cloud_.List(provider_, secret);
    if (listed.has_value()) {
      return "it listed " + std::to_string(listed.value().size());
    }
    EXPECT_THAT(listed.error().message, Not(HasSubstr("hush")));
    return runtime::ReasonOf(listed.error()) + ": " + listed.error().message;
  }

  std::size_t asked() const { return client_.requests().size(); }

  TestClock clock_;
  api::Provider provider_;
  std::deque<Result<rest::Response>> answers_;
  FakeRestClient client_{[this](const rest::Request&) { return Next(); }};
  int tokens_given_ = 0;
  int machine_status_ = 200;
  /// The machine that Slipway runs on: gives another token each time.
  FakeRestClient metadata_{[this](const rest::Request&) -> Result<rest::Response> {
    return rest::Response{.status = machine_status_,
                          .headers = {{"metadata-flavor", "Google"}},
                          .body = R"({"access_token": "hush)" + std::to_string(tokens_given_++) +
                                  R"(", "expires_in": 3599, "token_type": "Bearer"})"};
  }};
  GcpCloud cloud_{{.web = client_, .metadata = metadata_, .clock = clock_},
                  {.environment = {}, .limits = {}, .seed = 3},
                  [this](Duration length) {
                    clock_.mono.since_start += length;
                    return true;
                  }};
};

TEST_F(GcpCloudTest, EveryPageIsListed) {
  answers_ = {Page({"a", "b"}, "t1"), Page({}, "t2"), Page({"b", "c"})};
  const auto listed = cloud_.List(provider_, {});
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_THAT(listed.value(), SizeIs(3)) << "one that is on two pages is there once";
  const auto requests = client_.requests();
  EXPECT_THAT(
      requests[0].url,
      HasSubstr("https://compute.googleapis.com/compute/v1/projects/shop-prod/aggregated/"));
  EXPECT_THAT(requests[2].url, HasSubstr("&pageToken=t2"));
  EXPECT_EQ(requests[2].headers.at("authorization"), "Bearer hush0") << "one token serves all";
}

TEST_F(GcpCloudTest, APageThatIsTooLargeIsAskedForInSmallerOnes) {
  const Error too_large = Fail(Code::kTooLarge, "https://somewhere answered with too much");
  answers_ = {Page({"a"}, "t1"), too_large, Page({"b"}, "t2"), Page({"c"})};
  EXPECT_EQ(Outcome(), "it listed 3");
  const auto requests = client_.requests();
  EXPECT_THAT(requests[1].url, AllOf(HasSubstr("maxResults=500&"), HasSubstr("&pageToken=t1")));
  EXPECT_THAT(requests[2].url, AllOf(HasSubstr("maxResults=100&"), HasSubstr("&pageToken=t1")));
  EXPECT_THAT(requests[3].url, AllOf(HasSubstr("maxResults=100&"), HasSubstr("&pageToken=t2")));
  answers_ = {too_large, too_large, Page({"a"})};
  EXPECT_EQ(Outcome(),
            "ListInvalid: Compute Engine of shop-prod: https://somewhere answered with too much");
}

TEST_F(GcpCloudTest, WhatMayPassIsTriedAgainAndAnswersInTheEnd) {
  answers_ = {Refused(403, "rateLimitExceeded"), Fail(Code::kTimeout, "slow"),
              Refused(500, "backendError"),
              rest::Response{.status = 502, .headers = {}, .body = "<html>bad gateway</html>"},
              Page({"a"})};
  EXPECT_EQ(Outcome(), "it listed 1");
  EXPECT_GT(clock_.mono.since_start, 0ms) << "with waits";
}

TEST_F(GcpCloudTest, ThrottlingIsWaitedForAsAskedAndSaidInTheEnd) {
  rest::Response slow = Refused(429, "rateLimitExceeded", "Quota exceeded");
  slow.headers["retry-after"] = "5";
  answers_ = {slow, slow, slow, slow, slow};
  EXPECT_EQ(Outcome(),
            "Throttled: Compute Engine of shop-prod answers rateLimitExceeded: Quota exceeded "
            "(request req-7)");
  EXPECT_GE(clock_.mono.since_start, 5s);
}

TEST_F(GcpCloudTest, AnotherFleetOfTheProjectWaitsTooAndNoThreadSleepsMeanwhile) {
  rest::Response slow = Refused(429, "rateLimitExceeded");
  slow.headers["retry-after"] = "600";
  answers_ = {slow, Page({"a"}), Page({"a"})};
  const MonoTime begun = clock_.mono;
  EXPECT_THAT(Outcome(), HasSubstr("Throttled: Compute Engine of shop-prod answers rateLimit"));
  provider_.gcp->labels = {{"role", "web"}};
  EXPECT_THAT(Outcome(), HasSubstr("Throttled: Compute Engine of shop-prod answers rateLimit"))
      << "it says what the other was told";
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(clock_.mono, begun);
  provider_.gcp = api::GcpProvider{.project = "shop-test"};
  EXPECT_EQ(Outcome(), "it listed 1") << "another project does not wait";
  provider_.gcp->project = "shop-prod";
  provider_.gcp->endpoint = "https://compute-psc.p.googleapis.com";
  EXPECT_EQ(Outcome(), "it listed 1") << "nor the same one elsewhere";
}

TEST_F(GcpCloudTest, ATokenThatEndsHalfWayIsRenewedOnce) {
  answers_ = {Page({"a"}, "t"), Refused(401, "authError"), Page({"b"})};
  EXPECT_EQ(Outcome(), "it listed 2");
  EXPECT_EQ(client_.requests().back().headers.at("authorization"), "Bearer hush1");
  answers_ = {Refused(401, "authError", "Invalid Credentials"),
              Refused(401, "authError", "Invalid Credentials: Bearer hush2")};
  EXPECT_EQ(
      Outcome(),
      "CredentialsRefused: Compute Engine of shop-prod answers authError: Invalid "
      "Credentials: Bearer [secret] (request req-7). The credentials are those of the service "
      "account of this machine.");
}

TEST_F(GcpCloudTest, ADenialSaysWhatToDo) {
  const std::string who = ". The credentials are those of the service account of this machine.";
  const std::string said = "AccessDenied: Compute Engine of shop-prod answers ";
  answers_ = {Refused(403, "forbidden", "Required 'compute.instances.list' permission")};
  EXPECT_EQ(Outcome(),
            said +
                "forbidden: Required 'compute.instances.list' permission (request req-7). "
                "Allow compute.instances.list" +
                who);
  EXPECT_EQ(asked(), 1U);
  answers_ = {Refused(403, "forbidden", "Request is prohibited by organization's policy")};
  EXPECT_EQ(
      Outcome(),
      said + "forbidden: Request is prohibited by organization's policy (request req-7)" + who)
      << "no permission would help";
  answers_ = {Refused(403, "accessNotConfigured")};
  EXPECT_EQ(Outcome(), said +
                           "accessNotConfigured: no (request req-7). Enable the Compute Engine API "
                           "in the project" +
                           who);
  answers_ = {Refused(403, "insufficientPermissions")};
  EXPECT_EQ(Outcome(),
            said +
                "insufficientPermissions: no (request req-7). Give the machine the scope "
                "compute-ro or cloud-platform" +
                who);
}

TEST_F(GcpCloudTest, WhatCannotBeAskedIsSaidInTheirWords) {
  answers_ = {Refused(400, "invalid", "Invalid value for field 'filter': 'x'.")};
  EXPECT_EQ(Outcome(),
            "InvalidRequest: Compute Engine of shop-prod answers invalid: Invalid value for field "
            "'filter': 'x'. (request req-7)");
  answers_ = {Refused(404, "notFound", "The resource 'projects/shop-prod' was not found")};
  EXPECT_THAT(Outcome(), HasSubstr("InvalidRequest: "));
}

TEST_F(GcpCloudTest, WhatIsNotTheApiIsRefused) {
  answers_ = {rest::Response{
      .status = 301, .headers = {{"location", "https://elsewhere"}}, .body = "<html/>"}};
  EXPECT_EQ(Outcome(),
            "EndpointInvalid: https://compute.googleapis.com answers with HTTP status "
            "301, and not as Compute Engine does: correct the endpoint.");
  answers_ = {rest::Response{.status = 403, .headers = {}, .body = "Forbidden by the proxy"}};
  EXPECT_THAT(Outcome(), HasSubstr("EndpointInvalid: "));
  answers_ = {rest::Response{.status = 200, .headers = {}, .body = "<html><p>Welcome</p></html>"}};
  EXPECT_EQ(Outcome(),
            "ListInvalid: The answer of https://compute.googleapis.com cannot be "
            "believed: it is no JSON.");
  answers_ = {Fail(Code::kForbidden, "https://compute: its certificate is for another name")};
  EXPECT_THAT(Outcome(),
              HasSubstr("EndpointInvalid: Compute Engine of shop-prod: https://compute"));
}

TEST_F(GcpCloudTest, PagesThatGoRoundEndInAnError) {
  answers_ = {Page({"a"}, "t1"), Page({"b"}, "t2"), Page({"c"}, "t1")};
  EXPECT_THAT(Outcome(), HasSubstr("cannot be believed: its pages go round in a circle."));
}

TEST_F(GcpCloudTest, OnePageThatLacksAZoneSpoilsTheList) {
  rest::Response lacking = Page({"b"});
  json body = json::parse(lacking.body);
  body["unreachables"] = {"projects/shop-prod/zones/us-east1-b"};
  lacking.body = PrintJson(body);
  answers_ = {Page({"a"}, "t"), lacking};
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "), HasSubstr("zones/us-east1-b")));
}

const char* const kToken = R"({"access_token": "hush-token", "expires_in": 3599})";

rest::Response Given() { return {.status = 200, .headers = {}, .body = kToken}; }

TEST_F(GcpCloudTest, TheAccountOfASecretAsksForTokens) {
  provider_.gcp->secret_ref = api::SecretRef{.name = "key"};
  const SecretData secret = {{"key.json", ServiceAccountFile()}};
  answers_ = {Given(), Page({"a"}), Page({"a"})};
  EXPECT_EQ(Outcome(secret), "it listed 1");
  EXPECT_EQ(Outcome(secret), "it listed 1");
  const auto requests = client_.requests();
  ASSERT_THAT(requests, SizeIs(3)) << "one token for both";
  EXPECT_EQ(requests[0].url, "https://oauth2.googleapis.com/token");
  EXPECT_EQ(requests[2].headers.at("authorization"), "Bearer hush-token");
  EXPECT_EQ(tokens_given_, 0);
}

TEST_F(GcpCloudTest, ASecretThatCannotBeUsedSaysWhy) {
  provider_.gcp->secret_ref = api::SecretRef{.name = "key"};
  const std::string said =
      "SecretInvalid: The Secret key needs key.json, the key file of a service account: ";
  EXPECT_EQ(Outcome(), said + "it has none.");
  EXPECT_EQ(Outcome({{"key.json", "hush"}}), said + "it is no JSON object.");
  for (const char* other :
       {R"({"type": "external_account", "audience": "a", "subject_token_type": "t",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"file": "/etc/shadow"}})",
        R"({"type": "authorized_user", "client_id": "id", "client_secret": "hush-client",
            "refresh_token": "hush-refresh"})"}) {
    EXPECT_EQ(Outcome({{"key.json", other}}),
              said + "other kinds of it are for the control plane's own credentials.")
        << "no file of the control plane goes anywhere";
  }
  const auto with = [](const char* name, const std::string& value) {
    json file = json::parse(ServiceAccountFile());
    file[name] = value;
    return SecretData{{"key.json", PrintJson(file)}};
  };
  EXPECT_EQ(Outcome(with("token_uri", "https://example.org/token")),
            said + "its token_uri is not of googleapis.com.");
  EXPECT_EQ(Outcome(with("token_uri", "http://127.0.0.1:8080/token")),
            said + "its token_uri is not of googleapis.com.");
  EXPECT_EQ(Outcome(with("private_key", "hush")), said + "its private_key is no RSA key in PEM.");
  EXPECT_EQ(Outcome(with("private_key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhush")),
            said + "its private_key is encrypted, and nobody is there to say with what.");
  EXPECT_EQ(asked(), 0U);
}

TEST_F(GcpCloudTest, TokensThatDoNotComeAreExplained) {
  provider_.gcp->secret_ref = api::SecretRef{.name = "key"};
  const SecretData secret = {{"key.json", ServiceAccountFile()}};
  answers_ = {rest::Response{
      .status = 400,
      .headers = {},
      .body = R"({"error": "invalid_grant", "error_description": "Invalid JWT Signature."})"}};
  EXPECT_EQ(Outcome(secret),
            "CredentialsRefused: There is no token for the service account "
            "list@shop-prod.iam.gserviceaccount.com: it is answered invalid_grant: Invalid JWT "
            "Signature.");
  answers_ = {rest::Response{.status = 503, .headers = {}, .body = ""}, Given(), Page({"a"})};
  EXPECT_EQ(Outcome(secret), "it listed 1") << "what may pass is tried again";
}

TEST_F(GcpCloudTest, AnotherEndpointIsGivenTheTokenOfASecretAndNeverTheOwn) {
  provider_.gcp->endpoint = "https://compute.example.org/";
  EXPECT_THAT(Outcome(), HasSubstr("EndpointInvalid: The control plane's own token goes to"));
  EXPECT_EQ(asked(), 0U);
  provider_.gcp->secret_ref = api::SecretRef{.name = "key"};
  answers_ = {Given(), Page({})};
  EXPECT_EQ(Outcome({{"key.json", ServiceAccountFile()}}), "it listed 0");
  EXPECT_THAT(client_.requests().back().url,
              HasSubstr("https://compute.example.org/compute/v1/projects/"));
  EXPECT_EQ(tokens_given_, 0);
}

TEST_F(GcpCloudTest, NoProxySeesWhatGoesToThisMachine) {
  GcpCloud cloud({.web = client_, .metadata = metadata_, .clock = clock_},
                 {.environment = {{"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE",
                                   "http://localhost:5000/compute/v1/"}},
                  .limits = {},
                  .seed = 3},
                 [](Duration) { return true; });
  EXPECT_FALSE(cloud.List(provider_, {}).has_value()) << "the machine answers with a token";
  EXPECT_EQ(asked(), 0U);
  EXPECT_THAT(metadata_.requests().back().url, HasSubstr("http://localhost:5000/compute/v1/"));
}

TEST_F(GcpCloudTest, NoTokenIsSentForAllToRead) {
  GcpCloud cloud({.web = client_, .metadata = metadata_, .clock = clock_},
                 {.environment = {{"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE",
                                   "http://compute.example.org/compute/v1/"}},
                  .limits = {},
                  .seed = 3},
                 [](Duration) { return true; });
  const auto refused = cloud.List(provider_, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(runtime::ReasonOf(refused.error()), "EndpointInvalid");
  EXPECT_THAT(refused.error().message, HasSubstr("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"));
  EXPECT_EQ(tokens_given_, 0);
}

TEST_F(GcpCloudTest, TheEnvironmentMayNameOneAsGcloudHasIt) {
  GcpCloud cloud({.web = client_, .metadata = metadata_, .clock = clock_},
                 {.environment = {{"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE",
                                   "https://compute-psc.p.googleapis.com/compute/v1/"}},
                  .limits = {},
                  .seed = 3},
                 [](Duration) { return true; });
  answers_ = {Page({})};
  ASSERT_TRUE(cloud.List(provider_, {}).has_value());
  EXPECT_THAT(client_.requests().back().url,
              HasSubstr("https://compute-psc.p.googleapis.com/compute/v1/projects/shop-prod/"));
}

TEST_F(GcpCloudTest, WithoutCredentialsNobodyIsAsked) {
  machine_status_ = 404;
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("CredentialsMissing: There are no credentials for Google "
                                         "Cloud: tried, in this order: "),
                               HasSubstr("GOOGLE_APPLICATION_CREDENTIALS (not set)"),
                               HasSubstr("the machine has no service account: give it one")));
  EXPECT_EQ(asked(), 0U);
}

}  // namespace
}  // namespace slipway::cloud::gcp
