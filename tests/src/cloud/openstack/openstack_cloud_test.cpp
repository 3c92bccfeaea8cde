#include "src/cloud/openstack/openstack_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/cloud/openstack/servers.hpp"
#include "tests/src/cloud/fake_rest_client.hpp"
#include "tests/src/test_clock.hpp"

// The whole way from a Fleet's provider to a list, with services that misbehave in every way they can.
namespace slipway::cloud::openstack {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string Id(int number) {
  return "00000000-0000-4000-8000-00000000000" + std::to_string(number);
}

rest::Response Page(const std::vector<int>& numbers, int next = 0) {
  json servers = json::array();
  for (const int number : numbers) {
    servers.push_back({{"id", Id(number)}, {"name", "web"}, {"status", "ACTIVE"}});
  }
  json page = {{"servers", servers}};
  if (next != 0) {
    page["servers_links"] = {{{"rel", "next"}, {"href", "/servers/detail?marker=" + Id(next)}}};
  }
  return {.status = 200,
          .headers = {{"openstack-api-version", kMicroversion}},
          .body = PrintJson(page)};
}

/// What Nova says of one server.
rest::Response One(int number, const json& more = json::object()) {
  json server = {{"id", Id(number)}, {"status", "UNKNOWN"}, {"tenant_id", "p1"}};
  server.update(more);
  return {.status = 200,
          .headers = {{"openstack-api-version", kMicroversion}},
          .body = PrintJson({{"server", server}})};
}

rest::Response Refused(int status, const std::string& name, const std::string& message = "no") {
  return {.status = status,
          .headers = {{"x-openstack-request-id", "req-7"}},
          .body = PrintJson({{name, {{"code", status}, {"message", message}}}})};
}

class OpenstackCloudTest : public ::testing::Test {
 protected:
  explicit OpenstackCloudTest(Environment environment = {{"OS_AUTH_URL",
                                                          "https://keystone.example.org:5000/v3/"},
                                                         {"OS_USERNAME", "lister"},
                                                         {"OS_PASSWORD", "hush-password"},
                                                         {"OS_USER_DOMAIN_NAME", "Default"},
                                                         {"OS_PROJECT_NAME", "shop"},
                                                         {"OS_PROJECT_DOMAIN_NAME", "Default"}})
      : cloud_({.web = client_, .metadata = metadata_, .clock = clock_},
               {.environment = std::move(environment), .limits = {}, .seed = 3},
               [this](Duration length) {
                 clock_.mono.since_start += length;
                 return true;
               }) {
    provider_.openstack = api::OpenstackProvider();
  }

  Result<rest::Response> Next(const rest::Request& request) {
    if (request.url.ends_with(":5000/v3/auth/tokens")) {
      return Token();
    }
    if (answers_.empty()) {
      return Fail(Code::kUnavailable, "https://somewhere: there is no answer any more");
    }
    Result<rest::Response> next = answers_.front();
    answers_.pop_front();
    return next;
  }

  /// Another one each time.
  Result<rest::Response> Token() {
    if (!token_troubles_.empty()) {
      const Result<rest::Response> trouble = token_troubles_.front();
      token_troubles_.pop_front();
      return trouble;
    }
    const json token = {{"expires_at", api::FormatTime(clock_.Now() + 1h)},
                        {"project", {{"id", project_}, {"name", "shop"}}},
                        {"catalog", {{{"type", "compute"}, {"endpoints", endpoints_}}}}};
    return rest::Response{
        .status = 201,
        .headers = {{"x-subject-token", "hush" + std::to_string(tokens_given_++)}},
        .body = PrintJson({{"token", token}})};
  }

  /// "Reason: message" of the error, or how many are listed.
  std::string Outcome(const SecretData& secret = {}) {
    const auto listed = cloud_.ListKnowing(known_, provider_, secret);
    if (listed.has_value()) {
      return "it listed " + std::to_string(listed.value().size());
    }
    EXPECT_THAT(listed.error().message, Not(HasSubstr("hush")));
    return runtime::ReasonOf(listed.error()) + ": " + listed.error().message;
  }

  rest::Request Last() const { return client_.requests().back(); }

  TestClock clock_;
  api::Provider provider_;
  std::vector<std::string> known_;  ///< names of the fleet's servers
  std::string project_ = "p1";      ///< of the tokens
  json endpoints_ = {{{"region_id", "RegionOne"},
                      {"interface", "public"},
                      {"url", "https://nova.example.org/v2.1"}}};
  std::deque<Result<rest::Response>> answers_;
  std::deque<Result<rest::Response>> token_troubles_;
  int tokens_given_ = 0;
  FakeRestClient client_{[this](const rest::Request& request) { return Next(request); }};
  FakeRestClient metadata_{[](const rest::Request&) -> Result<rest::Response> {
    return Fail(Code::kUnavailable, "http://localhost: nobody is there");
  }};
  OpenstackCloud cloud_;
};

const char* const kDenial = "Policy doesn't allow os_compute_api:servers:detail to be performed.";
const char* const kSaid = "Nova of project shop answers ";
const char* const kWho = ". The credentials are those of the user lister of the OS_ variables.";

TEST_F(OpenstackCloudTest, EveryPageIsListed) {
  answers_ = {Page({1, 2}, 2), Page({}, 3), Page({2, 4})};
  const auto listed = cloud_.List(provider_, {});
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_THAT(listed.value(), SizeIs(3)) << "one that is on two pages is there once";
  const auto requests = client_.requests();
  EXPECT_EQ(requests[1].url, "https://nova.example.org/v2.1/servers/detail");
  EXPECT_EQ(requests[3].url, "https://nova.example.org/v2.1/servers/detail?marker=" + Id(3));
  EXPECT_EQ(requests[3].headers.at("x-auth-token"), "hush0") << "one token serves all";
  EXPECT_EQ(requests[3].headers.at("openstack-api-version"), "compute 2.69");
}

TEST_F(OpenstackCloudTest, WhatMayPassIsTriedAgainAndAnswersInTheEnd) {
  answers_ = {
      Refused(429, "tooManyRequests"), Fail(Code::kTimeout, "slow"), Refused(500, "computeFault"),
      rest::Response{.status = 502, .headers = {}, .body = "<html>bad gateway</html>"}, Page({1})};
  token_troubles_ = {Fail(Code::kUnavailable, "https://keystone: no"), Refused(503, "x")};
  EXPECT_EQ(Outcome(), "it listed 1");
  EXPECT_GT(clock_.mono.since_start, 0ms) << "with waits";
}

TEST_F(OpenstackCloudTest, ThrottlingIsWaitedForAsAskedAndSaidInTheEnd) {
  rest::Response slow = Refused(413, "overLimit", "This request was rate-limited.");
  slow.headers["retry-after"] = "5";
  answers_ = {slow, slow, slow, slow, slow};
  EXPECT_EQ(Outcome(), std::string("Throttled: ") + kSaid +
                           "overLimit: This request was rate-limited. (request req-7)");
  EXPECT_GE(clock_.mono.since_start, 5s);
}

TEST_F(OpenstackCloudTest, AnotherFleetOfTheRegionWaitsTooAndOtherRegionsDoNot) {
  endpoints_.push_back({{"region_id", "RegionTwo"},
                        {"interface", "public"},
                        {"url", "https://nova2.example.org/v2.1"}});
  provider_.openstack->region = "RegionOne";
  rest::Response slow = Refused(429, "tooManyRequests");
  slow.headers["retry-after"] = "600";
  answers_ = {slow, Page({1})};
  EXPECT_THAT(Outcome(), HasSubstr("Throttled: "));
  provider_.openstack->metadata = {{"role", "web"}};
  EXPECT_THAT(Outcome(), HasSubstr("tooManyRequests")) << "it says what the other was told";
  provider_.openstack->region = "RegionTwo";
  EXPECT_EQ(Outcome(), "it listed 0");
  EXPECT_THAT(Last().url, HasSubstr("https://nova2.example.org/"));
  EXPECT_EQ(tokens_given_, 1) << "they share the token";
}

TEST_F(OpenstackCloudTest, ATokenThatEndsHalfWayIsRenewedOnce) {
  answers_ = {Page({1}, 1), Refused(401, "unauthorized"), Page({2})};
  EXPECT_EQ(Outcome(), "it listed 2");
  EXPECT_EQ(Last().headers.at("x-auth-token"), "hush1");
  answers_ = {Refused(401, "unauthorized"), Refused(401, "unauthorized", "not hush2")};
  EXPECT_EQ(Outcome(), std::string("CredentialsRefused: ") + kSaid +
                           "unauthorized: not [secret] (request req-7)" + kWho);
}

TEST_F(OpenstackCloudTest, ARoleThatWasGivenCountsAtOnce) {
  answers_ = {Page({1}), Refused(403, "forbidden", kDenial), Page({1, 2})};
  EXPECT_EQ(Outcome(), "it listed 1");
  EXPECT_EQ(Outcome(), "it listed 2");
  EXPECT_EQ(Last().headers.at("x-auth-token"), "hush1") << "Nova keeps what it knew of the old one";
}

TEST_F(OpenstackCloudTest, ADenialSaysWhatToDo) {
  answers_ = {Refused(403, "forbidden", kDenial), Refused(403, "forbidden", kDenial)};
  EXPECT_EQ(Outcome(), std::string("AccessDenied: ") + kSaid +
                           "forbidden: Policy doesn't allow os_compute_api:servers:detail to be "
                           "performed. (request req-7). Give them a role in the project that may "
                           "list servers, such as reader" +
                           kWho);
}

TEST_F(OpenstackCloudTest, WhatIsNeededIsTriedByItself) {
  const auto results = [](const Examination& examination) {
    std::vector<std::string> all;
    for (const Check& check : examination.checks) {
      all.push_back(check.needs + ", " + check.where + ": " +
                    (check.trouble ? runtime::ReasonOf(*check.trouble) : "ok"));
    }
    return all;
  };
  const std::string known = "credentials, the user lister of the OS_ variables: ok";
  const std::string needs = "os_compute_api:servers:detail, ";
  answers_ = {Page({1}, 1)};
  EXPECT_THAT(results(cloud_.Examine(provider_, {})), ElementsAre(known, needs + "RegionOne: ok"));
  EXPECT_EQ(Last().url, "https://nova.example.org/v2.1/servers/detail?limit=1");
  answers_ = {Refused(403, "forbidden", kDenial), Refused(403, "forbidden", kDenial)};
  const Examination denied = cloud_.Examine(provider_, {});
  EXPECT_THAT(results(denied), ElementsAre(known, needs + "RegionOne: AccessDenied"));
  EXPECT_EQ(denied.policy,
            "openstack role add --project p1 --user ID_OF_THE_USER reader\n"
            "openstack application credential create --role reader fleet-lister\n");
  provider_.openstack->region = "Mars";
  EXPECT_THAT(results(cloud_.Examine(provider_, {})),
              ElementsAre(known, needs + "Mars: EndpointInvalid"));
  provider_.openstack->project = "other";
  token_troubles_ = {Refused(401, "unauthorized")};
  EXPECT_THAT(results(cloud_.Examine(provider_, {})),
              ElementsAre("credentials, : CredentialsRefused"));
  EXPECT_THAT(results(cloud_.Examine(provider_, {})),
              ElementsAre(known, needs + "Mars: InvalidRequest"));
  provider_.openstack->secret_ref = api::SecretRef{.name = "keys"};
  EXPECT_THAT(results(cloud_.Examine(provider_, {})), ElementsAre("credentials, : SecretInvalid"));
}

TEST_F(OpenstackCloudTest, WhatIsNotNovaIsRefused) {
  answers_ = {rest::Response{
      .status = 301, .headers = {{"location", "https://elsewhere"}}, .body = "<html/>"}};
  EXPECT_EQ(Outcome(),
            "EndpointInvalid: https://nova.example.org answers with HTTP status 301, and not as "
            "Nova does: correct the endpoint.");
  for (const char* version : {"", "compute 2.1", "compute 2.70"}) {
    rest::Response other = Page({});
    other.headers["openstack-api-version"] = version;
    answers_ = {other};
    EXPECT_EQ(Outcome(),
              "EndpointInvalid: https://nova.example.org does not answer with "
              "openstack-api-version: compute 2.69, as Nova does.")
        << "an empty list of who does not say what lacks is no list";
  }
  answers_ = {Refused(406, "computeFault", "Maximum is 2.60.")};
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("InvalidRequest: "), HasSubstr("release Stein")));
  answers_ = {Fail(Code::kForbidden, "https://nova: its certificate is for another name")};
  EXPECT_THAT(Outcome(), HasSubstr("EndpointInvalid: Nova of project shop: https://nova"));
  answers_ = {Fail(Code::kTooLarge, "https://nova: more than 64 MiB")};
  EXPECT_THAT(Outcome(), HasSubstr("ListInvalid"));
}

TEST_F(OpenstackCloudTest, PagesThatGoRoundEndInAnError) {
  answers_ = {Page({1}, 1), Page({2}, 2), Page({3}, 1)};
  EXPECT_EQ(Outcome(),
            "ListInvalid: The answer of https://nova.example.org cannot be believed: its pages go "
            "round in a circle.");
}

TEST_F(OpenstackCloudTest, WhoLacksOnALongListIsAskedFor) {
  answers_ = {Page({1, 2}, 2), Page({3, 4})};
  EXPECT_EQ(Outcome(), "it listed 4");
  answers_ = {Page({1, 2}, 2), Page({}), One(3)};
  EXPECT_EQ(Outcome(),
            "ListInvalid: The answer of https://nova.example.org cannot be believed: it "
            "lacks server " +
                Id(3) + ", which is there.");
  EXPECT_EQ(Last().url, "https://nova.example.org/v2.1/servers/" + Id(3));
  answers_ = {Page({1, 2}, 2), Page({}), Refused(404, "itemNotFound"),
              rest::Response{.status = 404, .headers = {}, .body = "<html>"}};
  EXPECT_THAT(Outcome(), HasSubstr("EndpointInvalid: ")) << "only Nova knows who is gone";
  answers_ = {Page({1, 2}, 2), Page({}), Refused(404, "itemNotFound")};
  EXPECT_EQ(Outcome(), "it listed 2");
  EXPECT_EQ(Last().url, "https://nova.example.org/v2.1/servers/" + Id(4)) << "3 was gone before";
  answers_ = {Page({1})};
  EXPECT_EQ(Outcome(), "it listed 1") << "one page says itself what it lacks";
}

TEST_F(OpenstackCloudTest, WhomTheFleetHasIsMissedFromTheFirstList) {
  known_ = {Id(1), Id(3), "web-1"};
  answers_ = {Page({1, 2}, 2), Page({}), One(3)};
  EXPECT_THAT(Outcome(), HasSubstr("it lacks server " + Id(3) + ", which is there."));
  answers_ = {Page({1, 2}, 2), Page({}), Refused(404, "itemNotFound")};
  EXPECT_EQ(Outcome(), "it listed 2");
  known_ = {Id(1), Id(3), Id(4), Id(5)};
  answers_ = {Page({1, 2}, 2), Page({}), One(4, {{"status", "SOFT_DELETED"}}),
              One(5, {{"tenant_id", "p2"}})};
  EXPECT_EQ(Outcome(), "it listed 2") << "who is deleted, or of another project, is on no list";
  answers_ = {Page({1, 2}, 2), Page({})};
  EXPECT_EQ(Outcome(), "it listed 2") << "nobody is asked for twice";
}

TEST_F(OpenstackCloudTest, WhatIsSaidOfAServerIsCheckedToo) {
  known_ = {Id(3)};
  answers_ = {Page({1}, 1), Page({}), One(4)};
  EXPECT_EQ(Outcome(),
            "ListInvalid: The answer of https://nova.example.org cannot be believed: what it says "
            "of server " +
                Id(3) + " is no server of that id.");
}

TEST_F(OpenstackCloudTest, AFilterTakesNobodyOffTheListThatIsMissed) {
  known_ = {Id(1), Id(2)};
  provider_.openstack->metadata = {{"role", "web"}};
  answers_ = {Page({1}, 1), Page({2})};
  EXPECT_EQ(Outcome(), "it listed 0");
}

TEST_F(OpenstackCloudTest, TheCatalogSaysWhereNovaIs) {
  const auto asked_at = [&](const std::string& url) {
    endpoints_[0]["url"] = url;
    clock_.mono.since_start += 2h;
    answers_ = {Page({})};
    EXPECT_EQ(Outcome(), "it listed 0") << "of the new catalog";
    return Last().url;
  };
  EXPECT_EQ(asked_at("https://a.example.org:8774/v2.1/p1/"),
            "https://a.example.org:8774/v2.1/p1/servers/detail");
  EXPECT_EQ(asked_at("https://a.example.org/compute/v2/p1"),
            "https://a.example.org/compute/v2.1/p1/servers/detail");
  EXPECT_EQ(asked_at("https://a.example.org/v2"), "https://a.example.org/v2.1/servers/detail");
  EXPECT_EQ(asked_at("https://a.example.org"), "https://a.example.org/v2.1/servers/detail");
}

TEST_F(OpenstackCloudTest, ACatalogThatCannotBeUsedIsSaid) {
  const auto with = [&](const std::string& region, const std::string& interface,
                        const std::string& url) {
    endpoints_ = {{{"region_id", region}, {"interface", interface}, {"url", url}}};
    provider_.openstack->project = std::to_string(tokens_given_);  // Another identity each time.
    token_troubles_.clear();
    return Outcome();
  };
  provider_.openstack->region = "RegionOne";
  EXPECT_THAT(with("RegionOne", "public", "https://nova.example.org"),
              HasSubstr("InvalidRequest: The token of the user lister of the OS_ variables is for "
                        "project shop (p1), and not for 0: correct project"));
  provider_.openstack->project = "shop";
  endpoints_[0]["url"] = "http://nova.example.org/v2.1";
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("EndpointInvalid: The catalog of Keystone names a compute "
                                         "API that is no https:// URL"),
                               HasSubstr(kWho)));
  provider_.openstack->project = "p1";
  endpoints_[0]["interface"] = "internal";
  EXPECT_THAT(Outcome(), HasSubstr("has no public compute API for project p1"));
}

/// A folder for a clouds.yaml.
struct CloudsFolder {
  CloudsFolder() {
    std::string name = std::filesystem::temp_directory_path() / "slipway-openstack-XXXXXX";
    folder = ::mkdtemp(name.data());
    file = folder / "clouds.yaml";
  }
  ~CloudsFolder() { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
  std::filesystem::path file;
};

/// A control plane whose clouds.yaml is replaced by another.
class ReplacedCloudsFile : protected CloudsFolder, public OpenstackCloudTest {
 protected:
  ReplacedCloudsFile() : OpenstackCloudTest({{"OS_CLIENT_CONFIG_FILE", file}}) {
    endpoints_ = {Endpoint("RegionOne", "public", "https://nova.example.org/v2.1"),
                  Endpoint("RegionTwo", "public", "https://two.example.org/v2.1"),
                  Endpoint("RegionOne", "internal", "https://inside.example.org/v2.1")};
    Write(json::object());
    answers_ = {Page({1})};
    EXPECT_EQ(Outcome(), "it listed 1");
  }

  static json Endpoint(const char* region, const char* interface, const char* url) {
    return {{"region_id", region}, {"interface", interface}, {"url", url}};
  }

  void Write(const json& changes) const {
    json auth = {{"auth_url", "https://keystone.example.org:5000"},
                 {"username", "lister"},
                 {"password", "hush-password"},
                 {"user_domain_name", "Default"},
                 {"project_name", "shop"},
                 {"project_domain_name", "Default"}};
    json cloud = {{"auth", auth}, {"region_name", "RegionOne"}};
    cloud.merge_patch(changes);
    std::ofstream(file) << PrintJson({{"clouds", {{"shop", cloud}}}});
  }

  /// What comes of a list whose token is refused after its first page.
  std::string OutcomeRenewedBy(const rest::Response& refusal) {
    answers_ = {Page({1}, 1), refusal, Page({7})};
    std::string outcome = Outcome();
    answers_.clear();
    return outcome;
  }

  /// Whether the first Nova was sent no token but the first.
  bool OnlyTheFirstTokenWasSent() const {
    return std::ranges::all_of(client_.requests(), [](const rest::Request& request) {
      return !request.url.starts_with("https://nova.example.org/") ||
             request.headers.at("x-auth-token") == "hush0";
    });
  }
};

const char* const kChanged =
    "ListUnfinished: The credentials have changed meanwhile: those of the user lister of cloud "
    "shop "
    "in ";

TEST_F(ReplacedCloudsFile, AListGoesOnWithNothingThatLeadsElsewhere) {
  Write({{"auth", {{"auth_url", "https://other.example.org:5000"}}}});
  EXPECT_THAT(OutcomeRenewedBy(Refused(401, "unauthorized")), HasSubstr(kChanged));
  EXPECT_EQ(Last().url, "https://other.example.org:5000/v3/auth/tokens");
  EXPECT_TRUE(OnlyTheFirstTokenWasSent()) << "Nova of the one cloud sees no token of the other";
}

TEST_F(ReplacedCloudsFile, AListIsOfOneProject) {
  project_ = "p2";
  EXPECT_THAT(OutcomeRenewedBy(Refused(403, "forbidden", kDenial)), HasSubstr(kChanged));
  EXPECT_TRUE(OnlyTheFirstTokenWasSent());
  answers_ = {Page({7, 8})};
  EXPECT_EQ(Outcome(), "it listed 2") << "the next one is of the new project";
  EXPECT_EQ(Last().headers.at("x-auth-token"), "hush1");
}

TEST_F(ReplacedCloudsFile, AListIsOfOneComputeApi) {
  endpoints_[0]["url"] = "https://moved.example.org/v2.1";
  EXPECT_THAT(OutcomeRenewedBy(Refused(401, "unauthorized")), HasSubstr(kChanged));
  EXPECT_TRUE(OnlyTheFirstTokenWasSent());
  answers_ = {Page({1})};
  EXPECT_EQ(Outcome(), "it listed 1");
  EXPECT_EQ(Last().url, "https://moved.example.org/v2.1/servers/detail");
}

TEST_F(ReplacedCloudsFile, AListIsOfOneRegionAndInterface) {
  Write({{"region_name", "RegionTwo"}});
  EXPECT_THAT(OutcomeRenewedBy(Refused(401, "unauthorized")), HasSubstr(kChanged));
  Write({{"interface", "internal"}});
  answers_ = {Page({1}, 1), Refused(401, "unauthorized"), Page({7})};
  EXPECT_THAT(Outcome(), HasSubstr(kChanged)) << "now from the second region";
  EXPECT_TRUE(OnlyTheFirstTokenWasSent());
  endpoints_ = json::array();
  EXPECT_THAT(OutcomeRenewedBy(Refused(401, "unauthorized")), HasSubstr(kChanged))
      << "the catalog leads nowhere";
}

TEST_F(ReplacedCloudsFile, ARegionThatTheFleetNamesIsThatOfTheListWhateverTheFileSays) {
  provider_.openstack->region = "RegionOne";
  Write({{"region_name", "RegionTwo"}, {"auth", {{"password", "hush-new"}}}});
  EXPECT_EQ(OutcomeRenewedBy(Refused(401, "unauthorized")), "it listed 2")
      << "another password leads to the same place";
  EXPECT_EQ(Last().headers.at("x-auth-token"), "hush1");
}

TEST_F(ReplacedCloudsFile, WhoLacksIsAskedForByNoOtherIdentity) {
  known_ = {Id(3)};
  project_ = "p2";
  answers_ = {Page({1}, 1), Page({}), Refused(401, "unauthorized"), Refused(404, "itemNotFound")};
  EXPECT_THAT(Outcome(), HasSubstr(kChanged)) << "who is not in p2 may be in p1";
  EXPECT_TRUE(OnlyTheFirstTokenWasSent());
}

TEST_F(ReplacedCloudsFile, WhatIsNeededIsTriedWithOneIdentity) {
  Write({{"auth", {{"auth_url", "https://other.example.org:5000"}}}});
  answers_ = {Refused(403, "forbidden", kDenial), Page({})};
  const Examination examination = cloud_.Examine(provider_, {});
  ASSERT_THAT(examination.checks, SizeIs(2));
  ASSERT_TRUE(examination.checks[1].trouble);
  EXPECT_EQ(runtime::ReasonOf(*examination.checks[1].trouble), "ListUnfinished");
  EXPECT_TRUE(OnlyTheFirstTokenWasSent());
}

TEST_F(OpenstackCloudTest, WhatKeystoneRefusesIsSaidInItsWords) {
  token_troubles_ = {rest::Response{
      .status = 401,
      .headers = {{"x-openstack-request-id", "req-8"}},
      .body =
          R"({"error": {"code": 401, "title": "Unauthorized", "message": "No hush-password"}})"}};
  EXPECT_EQ(Outcome(),
            "CredentialsRefused: Keystone gives no token to the user lister of the OS_ variables: "
            "it answers Unauthorized: No [secret] (request req-8)");
  token_troubles_ = {rest::Response{.status = 302, .headers = {}, .body = "<html>"}};
  EXPECT_EQ(Outcome(),
            "CredentialsMissing: Keystone gives no token to the user lister of the OS_ variables: "
            "it answers HTTP status 302, and not as Keystone does: correct auth_url");
  for (const auto& [headers, body, said] :
       {std::tuple<std::map<std::string, std::string>, const char*, const char*>{
            {}, "{}", "its answer has no X-Subject-Token"},
        {{{"x-subject-token", "a b"}}, "{}", "its answer has no X-Subject-Token"},
        {{{"x-subject-token", "hush"}}, "{}", "its answer does not say when the token ends"},
        {{{"x-subject-token", "hush"}},
         R"({"token": {"expires_at": "1969-01-01T00:00:00Z"}})",
         "its answer does not say when the token ends"},
        {{{"x-subject-token", "hush"}},
         R"({"token": {"expires_at": "2999-01-01T00:00:00Z"}})",
         "its token is for no project"}}) {
    token_troubles_ = {rest::Response{.status = 201, .headers = headers, .body = body}};
    EXPECT_THAT(Outcome(), HasSubstr(said));
  }
}

TEST_F(OpenstackCloudTest, TheLoginIsSentAsKeystoneWantsIt) {
  answers_ = {Page({})};
  EXPECT_EQ(Outcome(), "it listed 0");
  EXPECT_EQ(json::parse(client_.requests().front().body), json::parse(R"({"auth": {
    "identity": {"methods": ["password"], "password": {"user":
      {"name": "lister", "domain": {"name": "Default"}, "password": "hush-password"}}},
    "scope": {"project": {"name": "shop", "domain": {"name": "Default"}}}}})"));
  provider_.openstack->secret_ref = api::SecretRef{.name = "keys"};
  SecretData secret = {{"auth_url", "https://keystone.example.org:5000"},
                       {"application_credential_id", "c1"},
                       {"application_credential_secret", "hush-secret\n"}};
  answers_ = {Page({}), Page({})};
  EXPECT_EQ(Outcome(secret), "it listed 0");
  const auto requests = client_.requests();
  EXPECT_EQ(json::parse(requests[requests.size() - 2].body), json::parse(R"({"auth": {
    "identity": {"methods": ["application_credential"], "application_credential":
      {"id": "c1", "secret": "hush-secret"}}}})"));
  secret["application_credential_secret"] = "hush-other";
  EXPECT_EQ(Outcome(secret), "it listed 0");
  EXPECT_EQ(tokens_given_, 3) << "another secret is another identity";
}

TEST_F(OpenstackCloudTest, ASecretThatCannotBeUsedSaysWhy) {
  provider_.openstack->secret_ref = api::SecretRef{.name = "keys"};
  EXPECT_EQ(Outcome(), "SecretInvalid: The Secret keys cannot be used: it has no auth_url.");
  EXPECT_THAT(Outcome({{"auth_url", "http://10.0.0.1"}}),
              HasSubstr("its auth_url is no https:// URL"));
  EXPECT_THAT(client_.requests(), SizeIs(0));
}

}  // namespace
}  // namespace slipway::cloud::openstack
