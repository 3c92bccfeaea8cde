#include "src/objects/schema.hpp"
#include "reconciler/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "src/objects/hints.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

std::string Judge(const char* kind, const Json& object) {
  return Lines(KindNamed(kind).schema.Validate(object));
}

/// What is wrong with an Application after one value was put in.
std::string With(const char* pointer, const Json& value) {
  Json object = SmallApplication();
  object[Json::json_pointer(pointer)] = value;
  return Judge("Application", object);
}

TEST(Validation, AcceptsTheSmallestApplication) {
  EXPECT_EQ(Judge("Application", SmallApplication()), "");
}

TEST(Validation, SaysEverythingThatIsWrongAtOnce) {
  const Json object = FromYaml(R"(
metadata: {name: Shop}
spec:
  source: {repository: shop, path: /shop}
  servers: {fleets: [web, web]}
  release:
    processes: [{name: web}, {name: web, stopTimeout: soon, health: {http: {port: 0}}}]
    keep: 1
  strategy:
    waves: [{upTo: 1}, {upTo: ten, bake: 10}]
    onNewRevision: Never
)");
  EXPECT_EQ(
      Judge("Application", object),
      "metadata.name: \"Shop\": must be a name of lower-case letters, digits and -, such as web-1, "
      "that begins and "
      "ends with a letter or a digit\n"
      "spec.release.keep: 1: must be at least 2\n"
      "spec.release.processes[1].health.http.port: 0: must be at least 1\n"
      "spec.release.processes[1].stopTimeout: \"soon\": must be a duration, such as 90s, 1m30s or "
      "500ms\n"
      "spec.release.processes[1]: another item has the same name \"web\"\n"
      "spec.servers.fleets[1]: \"web\": is in the list twice\n"
      "spec.source.path: \"/shop\": must be a relative path, such as config/local.json, without / "
      "at either end\n"
      "spec.strategy.onNewRevision: \"Never\": must be one of Finish, Supersede\n"
      "spec.strategy.waves[1].bake: 10: must be a duration, such as 90s, 1m30s or 500ms\n"
      "spec.strategy.waves[1].upTo: \"ten\": must be a count or a percentage, such as 3 or 25%\n");
}

TEST(Validation, NamesWhatIsMissing) {
  EXPECT_EQ(Judge("Application", FromYaml("spec: {source: {}, servers: {}, release: {}}")),
            "spec.release.processes: is required\nspec.source.repository: is required\n");
  EXPECT_EQ(Judge("Application", FromYaml("metadata: {name: shop}")), "spec: is required\n");
  EXPECT_EQ(Judge("Fleet", FromYaml("spec: {provider: {}}")),
            "spec.provider: must have at least 1 of aws, azure, exec, gcp, openstack, static\n");
}

TEST(Validation, RefusesUrlsThatAnybodyOnTheWayCouldAnswer) {
  EXPECT_EQ(Judge("GitRepository", FromYaml("spec: {url: 'https://host/shop.git'}")), "");
  EXPECT_EQ(Judge("GitRepository", FromYaml("spec: {url: 'http://host/shop.git'}")),
            "spec.url: \"http://host/shop.git\": must be the URL of a repository, such as "
            "https://host/group/shop.git or ssh://git@host/group/shop.git\n");
}

TEST(Validation, BoundsLengthsAndCounts) {
  EXPECT_EQ(With("/spec/release/processes/0/run", ""),
            "spec.release.processes[0].run: \"\": must not be empty\n");
  EXPECT_EQ(With("/spec/release/processes/0/run", std::string(8193, 'x')),
            "spec.release.processes[0].run: \"" + std::string(63, 'x') +
                "…: must be at most 8192 characters long, and has 8193\n");
  EXPECT_EQ(With("/spec/release/processes", Json::array()),
            "spec.release.processes: must have at least 1 item\n");
  EXPECT_EQ(With("/spec/strategy/waves", Json(51, Json{{"upTo", 1}})),
            "spec.strategy.waves: must have at most 50 items, and has 51\n");
}

TEST(Validation, CountsCharactersAndNotBytes) {
  std::string text;
  for (int count = 0; count < 8192; ++count) {
    text += "é";
  }
  EXPECT_EQ(With("/spec/release/processes/0/run", text), "");
  EXPECT_NE(With("/spec/release/processes/0/run", text + "é"), "");
}

TEST(Validation, TakesWholeNumbersHoweverTheyAreWritten) {
  EXPECT_EQ(With("/spec/revisionHistoryLimit", 3.0), "");
  EXPECT_EQ(With("/spec/revisionHistoryLimit", 3.5),
            "spec.revisionHistoryLimit: 3.5: must be an integer\n");
  EXPECT_EQ(With("/spec/revisionHistoryLimit", 1e19),
            "spec.revisionHistoryLimit: 1e+19: must be an integer\n");
  EXPECT_EQ(With("/spec/revisionHistoryLimit", true),
            "spec.revisionHistoryLimit: true: must be an integer\n");
}

TEST(Validation, KnowsCountsAndPercentages) {
  for (const Json& value : {Json(1), Json("1%"), Json("100%"), Json(7)}) {
    EXPECT_EQ(With("/spec/strategy/maxUnavailable", value), "") << value;
  }
  EXPECT_EQ(With("/spec/strategy/maxUnavailable", "0%"),
            "spec.strategy.maxUnavailable: \"0%\": must be above 0\n");
  EXPECT_EQ(With("/spec/strategy/maxUnavailable", 0),
            "spec.strategy.maxUnavailable: 0: must be at least 1\n");
  for (const Json& value :
       {Json("3"), Json("101%"), Json("25.5%"), Json(2.5), Json(true), Json("1000%")}) {
    EXPECT_EQ(With("/spec/strategy/maxUnavailable", value),
              "spec.strategy.maxUnavailable: " + value.dump() +
                  ": must be a count or a percentage, such as 3 or 25%\n");
  }
}

TEST(Validation, PatternsSeeTheWholeText) {
  EXPECT_NE(With("/spec/source/repository", "shop\n"), "");
  EXPECT_NE(With("/spec/source/repository", "shop\nother"), "");
  EXPECT_NE(With("/spec/release/processes/0/stopTimeout", "1s\n"), "");
}

TEST(Validation, RefusesDurationsAndTimesThatOnlyLookRight) {
  EXPECT_NE(With("/spec/release/processes/0/stopTimeout", "99999999h"), "");
  EXPECT_EQ(With("/metadata/creationTimestamp", "2026-02-30T00:00:00Z"),
            "metadata.creationTimestamp: \"2026-02-30T00:00:00Z\": must be a time, such as "
            "2026-11-24T02:15:00Z\n");
}

TEST(Validation, NeverShowsTheValueOfASecret) {
  const std::string causes =
      Judge("Secret", FromYaml("data: {password: hunter2}\nstringData: {token: 7}"));
  EXPECT_EQ(causes,
            "data.password: (hidden): must be text in base64\nstringData.token: (hidden): must be "
            "a string\n");
  for (const char* misplaced : {"stringData: [{password: hunter2}]", "stringData: hunter2",
                                "data: hunter2", "data: {password: {is: hunter2}}", "[hunter2]"}) {
    EXPECT_THAT(Judge("Secret", FromYaml(misplaced)),
                testing::AllOf(testing::HasSubstr("(hidden): must be"),
                               testing::Not(testing::HasSubstr("hunter2"))))
        << misplaced;
  }
}

TEST(Validation, StopsAfterAHundredCauses) {
  Json object = SmallApplication();
  for (int index = 0; index < 200; ++index) {
    object["spec"]["release"]["env"].push_back({{"name", "0"}});
  }
  EXPECT_EQ(KindNamed("Application").schema.Validate(object).size(), 100U);
}

TEST(Validation, WritesOddKeysInBrackets) {
  EXPECT_EQ(With("/metadata/labels", Json{{"slipway.dev/fleet", 1}}),
            "metadata.labels[slipway.dev/fleet]: 1: must be the value of a label: letters, digits, "
            "-, _ and ., with a "
            "letter or a digit at either end\n");
}

TEST(Pruning, RemovesUnknownFieldsAndRecordsTheirPaths) {
  Json object = SmallApplication();
  object["spec"]["colour"] = "red";
  object["spec"]["release"]["processes"][0]["helth"] = Json::object();
  object["metadata"]["labels"] = {{"any", "label"}};
  object["mood"] = 1;
  std::vector<std::string> unknown;
  KindNamed("Application").schema.Prune(object, unknown);
  Json wanted = SmallApplication();
  wanted["metadata"]["labels"] = {{"any", "label"}};
  EXPECT_EQ(object, wanted);
  EXPECT_EQ(unknown,
            (std::vector<std::string>{"mood", "spec.colour", "spec.release.processes[0].helth"}));
}

TEST(Pruning, ReportsSoManyFieldsAndSoMuchOfTheirPaths) {
  Json object = SmallApplication();
  for (int index = 0; index < 200; ++index) {
    object["spec"][std::string(2'000, 'x') + std::to_string(index)] = 1;
  }
  std::vector<std::string> unknown;
  KindNamed("Application").schema.Prune(object, unknown);
  EXPECT_EQ(object, SmallApplication());
  EXPECT_EQ(unknown, std::vector<std::string>(100, "spec." + std::string(1'019, 'x') + "…"));
}

TEST(Defaulting, FillsInWhatIsAbsentAndNothingElse) {
  Json object = SmallApplication();
  object["spec"]["strategy"]["maxUnavailable"] = 3;
  KindNamed("Application").schema.Default(object);
  EXPECT_EQ(object["spec"]["strategy"]["maxUnavailable"], 3);
  EXPECT_EQ(object["spec"]["strategy"]["unreachable"]["max"], "10%");
  EXPECT_EQ(object["spec"]["release"]["processes"][0]["health"]["deadline"], "2m");
  EXPECT_EQ(object["spec"]["release"]["keep"], 5);
  EXPECT_FALSE(object["spec"].contains("gate"));
  EXPECT_FALSE(object["spec"]["release"].contains("install"));
  EXPECT_FALSE(object.contains("status"));
  Json again = object;
  KindNamed("Application").schema.Default(again);
  EXPECT_EQ(again, object);
}

TEST(Nulls, AreDroppedBeforeDefaulting) {
  Json object = SmallApplication();
  object["spec"]["release"]["keep"] = nullptr;
  object["spec"]["gate"] = nullptr;
  const Schema& schema = KindNamed("Application").schema;
  schema.DropNulls(object);
  schema.Default(object);
  EXPECT_EQ(object["spec"]["release"]["keep"], 5);
  EXPECT_FALSE(object["spec"].contains("gate"));
  EXPECT_EQ(Judge("Application", object), "");
}

TEST(Nulls, StayInListsAndAreRefusedThere) {
  Json object = SmallApplication();
  object["spec"]["servers"]["fleets"].push_back(nullptr);
  KindNamed("Application").schema.DropNulls(object);
  EXPECT_EQ(Judge("Application", object),
            "spec.servers.fleets[1]: null: must be a name of lower-case letters, digits "
            "and -, such as web-1, that begins and ends with a letter or a digit\n");
}

TEST(Hints, ExistForEveryPattern) {
  const std::function<void(const Json&)> check = [&](const Json& schema) {
    if (schema.is_object() && schema.contains("pattern") && schema["pattern"].is_string()) {
      EXPECT_TRUE(HasHint(schema["pattern"])) << schema["pattern"];
    }
    for (const Json& below : schema) {
      if (below.is_structured()) {
        check(below);
      }
    }
  };
  for (const KindInfo& kind : AllKinds()) {
    check(ReadJson(kind.definition));
  }
}

}  // namespace
}  // namespace slipway::objects
