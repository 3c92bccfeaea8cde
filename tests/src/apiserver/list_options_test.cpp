#include "src/apiserver/request/list_options.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/apiserver/answer/status_text.hpp"
#include "src/apiserver/request/option_faults.hpp"
#include "src/apiserver/request/request_options.hpp"

namespace slipway::apiserver {
namespace {

using nlohmann::json;
using Query = std::vector<std::pair<std::string, std::string>>;

http::RequestHead Head(Query query, const std::string& method = "GET") {
  http::RequestHead head;
  head.method = method;
  head.query = std::move(query);
  return head;
}

/// What a list or a watch with this query is told: the message of its Status.
std::string ListSays(Query query) {
  const auto request = ListRequestOf(Head(std::move(query)));
  return request.has_value() ? "good" : request.error().message;
}
std::string WatchSays(Query query) {
  const auto request = WatchRequestOf(Head(std::move(query)));
  return request.has_value() ? "good" : request.error().message;
}

constexpr const char* kToken = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJhIn0";
constexpr const char* kInvalid = "ListOptions.meta.k8s.io \"\" is invalid: ";

TEST(ListOptions, ListsThatContradictThemselvesAreToldInTheWordsOfKubernetes) {
  const std::string field = std::string(kInvalid) + "resourceVersionMatch: ";
  EXPECT_EQ(
      ListSays({{"resourceVersionMatch", "Exact"}}),
      field + "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
  EXPECT_EQ(
      ListSays(
          {{"resourceVersionMatch", "NotOlderThan"}, {"resourceVersion", "5"}, {"continue", "x"}}),
      field + "Forbidden: resourceVersionMatch is forbidden when continue is provided");
  EXPECT_EQ(
      ListSays({{"resourceVersionMatch", "Exact"}, {"resourceVersion", "0"}}),
      field + "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  EXPECT_EQ(
      ListSays({{"resourceVersionMatch", "Sideways"}, {"resourceVersion", "5"}}),
      field +
          "Unsupported value: \"Sideways\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
  EXPECT_EQ(ListSays({{"sendInitialEvents", "true"}}),
            std::string(kInvalid) +
                "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list");
  EXPECT_EQ(ListSays({{"resourceVersionMatch", "Exact"}, {"sendInitialEvents", "false"}}),
            std::string(kInvalid) +
                "[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
                "resourceVersion is "
                "provided, sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list]");
  EXPECT_EQ(ListSays({{"resourceVersion", "5"}, {"continue", kToken}}),
            "specifying resource version is not allowed when using continue");
  EXPECT_EQ(ListSays({{"resourceVersion", "0"}, {"continue", kToken}}), "good");
}

TEST(ListOptions, WatchesThatContradictThemselvesLikewise) {
  const std::string field = std::string(kInvalid) + "resourceVersionMatch: ";
  EXPECT_EQ(
      WatchSays({{"sendInitialEvents", "true"}}),
      field + "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  EXPECT_EQ(WatchSays({{"resourceVersionMatch", "NotOlderThan"}}),
            field +
                "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents "
                "is provided");
  EXPECT_EQ(
      WatchSays({{"sendInitialEvents", "true"}, {"resourceVersionMatch", "Exact"}}),
      std::string(kInvalid) +
          "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
          "resourceVersionMatch to "
          "NotOlderThan, resourceVersionMatch: Unsupported value: \"Exact\": supported values: "
          "\"NotOlderThan\"]");
  EXPECT_EQ(WatchSays({{"sendInitialEvents", "true"},
                       {"resourceVersionMatch", "NotOlderThan"},
                       {"continue", "x"}}),
            field + "Forbidden: resourceVersionMatch is forbidden when continue is provided");
  EXPECT_EQ(WatchSays({{"continue", "x"}}),
            field + "Forbidden: resourceVersionMatch is forbidden when continue is provided");
  EXPECT_EQ(WatchSays({{"continue", "x"}, {"resourceVersion", "5"}}), "good");
  EXPECT_EQ(WatchSays({{"sendInitialEvents", "true"}, {"resourceVersionMatch", "NotOlderThan"}}),
            "good");
}

TEST(ListOptions, NumbersAreReadAsKubernetesReadsThem) {
  EXPECT_EQ(ListSays({{"limit", "ten"}}), "strconv.ParseInt: parsing \"ten\": invalid syntax");
  EXPECT_EQ(ListSays({{"limit", ""}}), "strconv.ParseInt: parsing \"\": invalid syntax");
  EXPECT_EQ(ListSays({{"limit", "99999999999999999999"}}),
            "strconv.ParseInt: parsing \"99999999999999999999\": value out of range");
  EXPECT_EQ(WatchSays({{"timeoutSeconds", "1h"}}),
            "strconv.ParseInt: parsing \"1h\": invalid syntax");
  const std::string version =
      "resourceVersion: Invalid value: \"-1\": strconv.ParseUint: parsing \"-1\": invalid syntax";
  EXPECT_EQ(ListSays({{"resourceVersion", "-1"}}), version);
  EXPECT_EQ(ListRequestOf(Head({{"resourceVersion", "-1"}})).error().code, Code::kUnexplained);
  EXPECT_EQ(WatchSays({{"resourceVersion", "-1"}}), version);
  EXPECT_EQ(ListSays({{"resourceVersion", "-1"}, {"limit", "5"}}),
            "invalid resource version: " + version);
  EXPECT_EQ(ListRequestOf(Head({{"resourceVersion", "-1"}, {"limit", "5"}})).error().code,
            Code::kBadRequest);
  EXPECT_EQ(ListRequestOf(Head({{"limit", "-3"}})).value().options.limit, 0U) << "no limit";
  EXPECT_EQ(WatchRequestOf(Head({{"timeoutSeconds", "9223372036854775807"}})).value().longest,
            std::chrono::seconds(1'000'000'000));
}

TEST(ListOptions, ATokenSaysWhichPartOfItIsWrong) {
  const auto said = [](const std::string& token) {
    const std::string message = ListSays({{"continue", token}, {"resourceVersion", "nine"}});
    const std::string before = "invalid continue token: continue key is not valid: ";
    EXPECT_TRUE(message.starts_with(before)) << message;
    return message.substr(before.size());
  };
  EXPECT_EQ(said("nonsense"), "invalid character '\\u009e' looking for beginning of value");
  EXPECT_EQ(said("ew"), "unexpected end of JSON input");  // {
  EXPECT_EQ(said("W10"),                                  // []
            "json: cannot unmarshal array into Go value of type storage.continueToken");
  EXPECT_EQ(said("eyJ2Ijo0fQ"),  // {"v":4}
            "json: cannot unmarshal number into Go struct field continueToken.v of type string");
  EXPECT_EQ(
      said("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MS41fQ"),  // {"v":"meta.k8s.io/v1","rv":1.5}
      "json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64");
  // {"v":"meta.k8s.io/v1","rv":5,"start":"../../x"}
  EXPECT_EQ(said("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiIuLi8uLi94In0"), "../../x");
}

TEST(ListOptions, APageNamesNoVersion) {
  // {"v":"meta.k8s.io/v1","rv":5,"start":"/x"}
  const std::string token = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiIveCJ9";
  EXPECT_EQ(ListSays({{"continue", token}, {"resourceVersion", "0"}}), "good");
  EXPECT_EQ(ListSays({{"continue", token}, {"resourceVersion", "nine"}}),
            "specifying resource version is not allowed when using continue");
}

TEST(ListOptions, WhatAVersionOfAListMeans) {
  const auto asked = [](Query query) { return ListRequestOf(Head(std::move(query))).value(); };
  EXPECT_EQ(asked({}).options.revision, store::kLatest);
  EXPECT_EQ(asked({{"resourceVersion", "7"}}).not_older, 7);
  EXPECT_EQ(asked({{"resourceVersion", "7"}}).options.revision, store::kLatest);
  EXPECT_EQ(
      asked({{"resourceVersion", "7"}, {"resourceVersionMatch", "NotOlderThan"}, {"limit", "5"}})
          .not_older,
      7);
  EXPECT_EQ(asked({{"resourceVersion", "7"}, {"resourceVersionMatch", "Exact"}}).options.revision,
            7);
  EXPECT_EQ(asked({{"resourceVersion", "7"}, {"limit", "5"}}).options.revision, 7)
      << "a page at a version is a page of that version";
  EXPECT_EQ(asked({{"resourceVersion", "0"}, {"limit", "5"}}).options.limit, 0U)
      << "whoever takes any version gets all at once";
}

TEST(ListOptions, WhatIsNeitherZeroNorFalseIsTrue) {
  for (const char* yes : {"1", "true", "True", "yes", "", "nonsense", "00"}) {
    EXPECT_TRUE(IsTrue(Head({{"watch", yes}}), "watch")) << yes;
  }
  for (const char* no : {"0", "false", "False", "FALSE"}) {
    EXPECT_FALSE(IsTrue(Head({{"watch", no}}), "watch")) << no;
  }
  EXPECT_FALSE(IsTrue(Head({}), "watch"));
}

TEST(ListOptions, AWatchThatNamesNoTimeLastsHalfAnHourToAnHour) {
  Rng rng(1);
  const auto time = [&](Query query) {
    return TimeOf(WatchRequestOf(Head(std::move(query))).value(), rng);
  };
  const Duration first = time({});
  bool spread = false;
  for (int i = 0; i < 1000; ++i) {
    const Duration lasts = time({});
    EXPECT_GE(lasts, std::chrono::minutes(30));
    EXPECT_LT(lasts, std::chrono::minutes(60));
    spread = spread || lasts != first;
  }
  EXPECT_TRUE(spread) << "clients must not all come back at once";
  EXPECT_EQ(time({{"timeoutSeconds", "7"}}), std::chrono::seconds(7));
}

TEST(ListOptions, TheStatusNamesTheOptionsAndEveryCause) {
  const auto refused = ListRequestOf(Head({{"sendInitialEvents", "1"}}));
  const json status = ReadJson(FailureStatus(refused.error(), &OptionsPath("ListOptions")));
  EXPECT_EQ(status["code"], 422);
  EXPECT_EQ(status["reason"], "Invalid");
  EXPECT_EQ(status["details"],
            (json{{"group", "meta.k8s.io"},
                  {"kind", "ListOptions"},
                  {"causes",
                   {{{"reason", "FieldValueForbidden"},
                     {"message", "Forbidden: sendInitialEvents is forbidden for list"},
                     {"field", "sendInitialEvents"}}}}}));
}

TEST(DeleteOptions, TheOldFormOfThePolicyIsUnderstoodAlone) {
  using Propagation = objects::DeleteRequest::Propagation;
  const auto policy = [](Query query, const std::string& body) {
    return DeleteWishOf(Head(std::move(query), "DELETE"), body).value().request.propagation;
  };
  EXPECT_EQ(policy({{"orphanDependents", "true"}}, ""), Propagation::kOrphan);
  EXPECT_EQ(policy({{"orphanDependents", "false"}}, ""), Propagation::kBackground);
  EXPECT_EQ(policy({}, R"({"orphanDependents":true})"), Propagation::kOrphan);
  EXPECT_EQ(
      DeleteWishOf(Head({}, "DELETE"), R"({"orphanDependents":true,"propagationPolicy":"Orphan"})")
          .error()
          .message,
      "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": "
      "orphanDependents and deletionPropagation cannot be both set");
  for (const char* body : {R"({"orphanDependents":1})", R"({"gracePeriodSeconds":"0"})"}) {
    EXPECT_EQ(DeleteWishOf(Head({}, "DELETE"), body).error().code, Code::kBadRequest) << body;
  }
  EXPECT_TRUE(DeleteWishOf(Head({}, "DELETE"), R"({"gracePeriodSeconds":0})").has_value());
}

TEST(WriteOptions, AreRefusedUnderTheNameOfTheirVerb) {
  for (const auto& [method, verb, options] :
       {std::tuple{"POST", "create", "CreateOptions"}, std::tuple{"PUT", "update", "UpdateOptions"},
        std::tuple{"PATCH", "patch", "PatchOptions"},
        std::tuple{"DELETE", "delete", "DeleteOptions"}}) {
    const auto refused = WriteOptionsOf(Head({{"dryRun", "Some"}}, method), verb);
    EXPECT_EQ(refused.error().message,
              std::string(options) +
                  ".meta.k8s.io \"\" is invalid: dryRun: Unsupported value: "
                  "[]string{\"Some\"}: supported values: \"All\"");
  }
  EXPECT_EQ(
      WriteOptionsOf(Head({{"fieldValidation", "Loud"}}, "PUT"), "update").error().message,
      "UpdateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Loud\": "
      "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
  EXPECT_EQ(DeleteWishOf(Head({{"propagationPolicy", "Sideways"}}, "DELETE"), "").error().message,
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: "
            "\"Sideways\": "
            "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
}

}  // namespace
}  // namespace slipway::apiserver
