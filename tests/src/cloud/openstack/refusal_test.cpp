#include "src/cloud/openstack/refusal.hpp"

#include <gtest/gtest.h>

namespace slipway::cloud::openstack {
namespace {

Refusal Read(int status, const std::string& body) {
  return RefusalOf(
      {.status = status, .headers = {{"x-compute-request-id", "req-7"}}, .body = body});
}

constexpr const char* kNo = R"({"forbidden": {"code": 403, "message": "no"}})";

TEST(OpenstackRefusal, WordsAreThoseOfTheService) {
  EXPECT_EQ(Read(403, kNo).words, "forbidden: no");
  EXPECT_EQ(Read(403, kNo).request_id, "req-7");
  EXPECT_EQ(
      Read(401, R"({"error": {"code": 401, "title": "Unauthorized", "message": "Who?"}})").words,
      "Unauthorized: Who?");
  for (const char* other :
       {"", "<html>", "[]", "{}", "7", R"({"error": "no"})", R"({"a": {"message": "no"}})",
        R"({"error": {"code": 401, "message": "no"}})",
        R"({"forbidden": {"code": 403, "message": "no"}, "more": 1})"}) {
    EXPECT_EQ(Read(403, other).words, "") << other;
    EXPECT_EQ(Read(403, other).blame, Blame::kRequest) << other << " is no answer of OpenStack";
  }
}

TEST(OpenstackRefusal, BlameFollowsStatusAndWords) {
  const auto blame = [](int status, const std::string& name) {
    return Read(status, "{\"" + name + R"(": {"code": 1, "message": "no"}})").blame;
  };
  EXPECT_EQ(blame(429, "tooManyRequests"), Blame::kThrottled);
  EXPECT_EQ(blame(413, "overLimit"), Blame::kThrottled);
  EXPECT_EQ(blame(413, "badRequest"), Blame::kRequest) << "too large is not too often";
  EXPECT_EQ(Read(429, "slow down").blame, Blame::kThrottled);
  EXPECT_EQ(Read(502, "<html>").blame, Blame::kService);
  EXPECT_EQ(Read(408, "").blame, Blame::kService);
  EXPECT_EQ(blame(500, "computeFault"), Blame::kService);
  EXPECT_EQ(blame(401, "unauthorized"), Blame::kCredentials);
  EXPECT_EQ(blame(403, "forbidden"), Blame::kDenied);
  EXPECT_EQ(blame(400, "badRequest"), Blame::kRequest);
  EXPECT_EQ(blame(404, "itemNotFound"), Blame::kAbsent);
  EXPECT_EQ(Read(302, "<html>").blame, Blame::kRequest);
}

TEST(OpenstackRefusal, AdviceIsGivenOnlyForWhatLacks) {
  const std::string rule = "Policy doesn't allow os_compute_api:servers:detail to be performed.";
  EXPECT_EQ(Read(403, R"({"forbidden": {"code": 403, "message": ")" + rule + "\"}}").advice,
            "Give them a role in the project that may list servers, such as reader");
  EXPECT_EQ(Read(403, kNo).advice, "");
  EXPECT_FALSE(Read(403, kNo).may_be_old);
  EXPECT_EQ(Read(406, R"({"computeFault": {"code": 406, "message": "Maximum is 2.60."}})").words,
            "computeFault: Maximum is 2.60. Slipway needs a Nova of the release Stein or later");
}

}  // namespace
}  // namespace slipway::cloud::openstack
