#include "src/objects/schema.hpp"
#include "reconciler/base/assert.hpp"
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
  const auto mismatch = [](const std::string& field, const std::string& value,
                           const std::string& pattern) {
    return field + ": Invalid value: \"" + value + "\": " + field + " in body should match '" +
           pattern + "'\n";
  };
  const std::string bake = "spec.strategy.waves[1].bake";
  const std::string stop = "spec.release.processes[1].stopTimeout";
  EXPECT_EQ(
      Judge("Application", object),
      mismatch("metadata.name", "Shop", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$") +
          "spec.release.keep: Invalid value: 1: spec.release.keep in body should be greater than "
          "or equal to 2\n"
          "spec.release.processes[1].health.http.port: Invalid value: 0: "
          "spec.release.processes[1].health.http.port in body should be greater than or equal to "
          "1\n" +
          mismatch(stop, "soon", R"(^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$)") + stop +
          ": Invalid value: \"soon\": " + stop + " in body must be of type duration: \"soon\"\n" +
          mismatch("spec.source.path", "/shop", R"(^[^/\x00-\x1f]([^\x00-\x1f]*[^/\x00-\x1f])?$)") +
          "spec.strategy.onNewRevision: Unsupported value: \"Never\": supported values: "
          "\"Finish\", \"Supersede\"\n" +
          bake + ": Invalid value: \"int64\": " + bake +
          " in body must be of type duration: \"int64\"\n" +
          mismatch("spec.strategy.waves[1].upTo", "ten", "^(100|[1-9][0-9]?)%$") +
          "spec.release.processes[1]: Duplicate value: map[string]interface {}{\"name\":\"web\"}\n"
          "spec.servers.fleets[1]: Duplicate value: \"web\"\n");
}

TEST(Validation, NamesWhatIsMissing) {
  EXPECT_EQ(Judge("Application", FromYaml("spec: {source: {}, servers: {}, release: {}}")),
            "spec.release.processes: Required value\nspec.source.repository: Required value\n");
  EXPECT_EQ(Judge("Application", FromYaml("metadata: {name: shop}")), "spec: Required value\n");
  EXPECT_EQ(Judge("Fleet", FromYaml("spec: {provider: {}}")),
            "spec.provider: Invalid value: 0: spec.provider in body should have at least 1 "
            "properties\n");
  EXPECT_EQ(Judge("Fleet", FromYaml("spec: {provider: {aws: {regions: [eu-west-1]}, "
                                    "exec: {run: /bin/list}}}")),
            "spec.provider: Too many: 2: must have at most 1 items\n");
}

TEST(Validation, NamesTheTypeThatItFound) {
  const auto said = [](const std::string& type, const std::string& found) {
    return "spec.suspend: Invalid value: \"" + found + "\": spec.suspend in body must be of type " +
           type + ": \"" + found + "\"\n";
  };
  EXPECT_EQ(With("/spec/suspend", "yes"), said("boolean", "string"));
  EXPECT_EQ(With("/spec/suspend", 1), said("boolean", "integer"));
  EXPECT_EQ(With("/spec/suspend", 1.5), said("boolean", "number"));
  EXPECT_EQ(With("/spec/suspend", Json::array()), said("boolean", "array"));
  EXPECT_EQ(With("/spec/suspend", Json::object()), said("boolean", "object"));
  EXPECT_EQ(With("/spec/suspend", nullptr), said("boolean", "null"));
}

TEST(Validation, LooksOnAfterAWrongType) {
  EXPECT_EQ(With("/spec/strategy/onNewRevision", 5),
            "spec.strategy.onNewRevision: Invalid value: \"integer\": spec.strategy.onNewRevision "
            "in body must be of type string: \"integer\"\n"
            "spec.strategy.onNewRevision: Unsupported value: 5: supported values: \"Finish\", "
            "\"Supersede\"\n");
  EXPECT_EQ(With("/spec/strategy/maxUnavailable", 0.5),
            "spec.strategy.maxUnavailable: Invalid value: \"number\": spec.strategy.maxUnavailable "
            "in body must be of type integer,string: \"number\"\n"
            "spec.strategy.maxUnavailable: Invalid value: 0.5: spec.strategy.maxUnavailable in "
            "body should be greater than or equal to 1\n");
}

TEST(Validation, NamesTheFirstItemThatCanHaveNoKey) {
  EXPECT_EQ(With("/spec/release/env", {"5m", 7}),
            "spec.release.env[0]: Invalid value: \"string\": spec.release.env[0] in body must be "
            "of type object: \"string\"\n"
            "spec.release.env[1]: Invalid value: \"integer\": spec.release.env[1] in body must be "
            "of type object: \"integer\"\n"
            "spec.release.env[0]: Invalid value: \"5m\": must be an object for an array of "
            "list-type map\n");
}

TEST(Validation, NamesOnceWhatIsThereThreeTimes) {
  EXPECT_EQ(With("/spec/servers/fleets", {"web", "web", "web"}),
            "spec.servers.fleets[1]: Duplicate value: \"web\"\n");
}

TEST(Validation, RefusesUrlsThatAnybodyOnTheWayCouldAnswer) {
  EXPECT_EQ(Judge("GitRepository", FromYaml("spec: {url: 'https://host/shop.git'}")), "");
  EXPECT_EQ(Judge("GitRepository", FromYaml("spec: {url: 'http://host/shop.git'}")),
            "spec.url: Invalid value: \"http://host/shop.git\": spec.url in body should match "
            "'^(https|ssh|file)://[^\\x00-\\x20]+$'\n");
}

TEST(Validation, BoundsLengthsAndCounts) {
  EXPECT_EQ(With("/spec/release/processes/0/run", ""),
            "spec.release.processes[0].run: Invalid value: \"\": spec.release.processes[0].run in "
            "body should be at least 1 chars long\n");
  EXPECT_EQ(With("/spec/release/processes/0/run", std::string(8193, 'x')),
            "spec.release.processes[0].run: Too long: may not be more than 8192 bytes\n");
  EXPECT_EQ(With("/spec/release/processes", Json::array()),
            "spec.release.processes: Invalid value: 0: spec.release.processes in body should have "
            "at least 1 items\n");
  EXPECT_EQ(With("/spec/strategy/waves", Json(51, Json{{"upTo", 1}})),
            "spec.strategy.waves: Too many: 51: must have at most 50 items\n");
}

TEST(Validation, ShowsNoMoreThanAKilobyteOfAValue) {
  EXPECT_EQ(With("/spec/strategy/onNewRevision", std::string(1025, 'x')),
            "spec.strategy.onNewRevision: Unsupported value: \"" + std::string(1024, 'x') +
                "…\": supported values: \"Finish\", \"Supersede\"\n");
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
  for (const double number : {3.5, 1e19}) {
    EXPECT_THAT(With("/spec/revisionHistoryLimit", number),
                testing::StartsWith("spec.revisionHistoryLimit: Invalid value: \"number\": "
                                    "spec.revisionHistoryLimit in body must be of type integer: "
                                    "\"number\"\n"));
  }
}

TEST(Validation, WritesNumbersAsGoDoes) {
  const auto shown = [](double number) {
    const std::string causes = With("/spec/revisionHistoryLimit", number);
    const std::string before = "Invalid value: ";
    const std::size_t start = causes.rfind(before) + before.size();
    return causes.substr(start, causes.find(':', start) - start);
  };
  EXPECT_EQ(shown(2000.0), "2000");
  EXPECT_EQ(shown(100000.5), "100000.5");
  EXPECT_EQ(shown(1000000.0), "1e+06");
  EXPECT_EQ(shown(1e19), "1e+19");
  EXPECT_EQ(shown(-0.00001), "-1e-05");
  EXPECT_THAT(With("/spec/strategy/onNewRevision", std::uint64_t{1} << 63U),
              testing::HasSubstr("Unsupported value: 9.223372036854776e+18: supported"));
}

TEST(Validation, KnowsCountsAndPercentages) {
  for (const Json& value : {Json(1), Json("1%"), Json("100%"), Json(7)}) {
    EXPECT_EQ(With("/spec/strategy/maxUnavailable", value), "") << value;
  }
  for (const Json& value : {Json("0%"), Json("3"), Json("101%"), Json("5.5%")}) {
    EXPECT_EQ(With("/spec/strategy/maxUnavailable", value),
              "spec.strategy.maxUnavailable: Invalid value: " + value.dump() +
                  ": spec.strategy.maxUnavailable in body should match '^(100|[1-9][0-9]?)%$'\n");
  }
  for (const Json& value : {Json(0), Json(2.5), Json(true), Json("1000%")}) {
    EXPECT_NE(With("/spec/strategy/maxUnavailable", value), "") << value;
  }
}

TEST(Validation, PatternsSeeTheWholeText) {
  EXPECT_NE(With("/spec/source/repository", "shop\n"), "");
  EXPECT_NE(With("/spec/source/repository", "shop\nother"), "");
  EXPECT_NE(With("/spec/release/processes/0/stopTimeout", "1s\n"), "");
}

TEST(Validation, RefusesDurationsAndTimesThatOnlyLookRight) {
  const std::string path = "spec.release.processes[0].stopTimeout";
  EXPECT_EQ(With("/spec/release/processes/0/stopTimeout", "99999999h"),
            path + ": Invalid value: \"99999999h\": " + path +
                " in body must be of type duration: \"99999999h\"\n");
  EXPECT_EQ(With("/metadata/creationTimestamp", "2026-02-30T00:00:00Z"),
            "metadata.creationTimestamp: Invalid value: \"2026-02-30T00:00:00Z\": "
            "metadata.creationTimestamp in body must be of type date-time: "
            "\"2026-02-30T00:00:00Z\"\n");
}

TEST(Validation, SaysOnlyThePatternOfWhatIsADurationElsewhere) {
  for (const char* text : {"5 days", "5d", "0", "-5m", "1H"}) {
    EXPECT_THAT(With("/spec/release/processes/0/stopTimeout", text),
                testing::AllOf(testing::HasSubstr("should match '"),
                               testing::Not(testing::HasSubstr("of type duration"))))
        << text;
  }
  for (const char* text : {"", "5", "soon", "5 sm", "m5"}) {
    EXPECT_THAT(With("/spec/release/processes/0/stopTimeout", text),
                testing::HasSubstr("of type duration"))
        << text;
  }
}

TEST(Validation, NeverShowsTheValueOfASecret) {
  const std::string causes =
      Judge("Secret", FromYaml("data: {password: hunter2}\nstringData: {token: 7}"));
  EXPECT_EQ(causes,
            "data.password: Invalid value: \"(hidden)\": data.password in body must be of type "
            "byte: \"(hidden)\"\n"
            "stringData.token: Invalid value: \"int64\": stringData.token in body must be of type "
            "password: \"int64\"\n");
  for (const char* misplaced : {"stringData: [{password: hunter2}]", "stringData: hunter2",
                                "data: hunter2", "data: {password: {is: hunter2}}", "[hunter2]"}) {
    EXPECT_THAT(Judge("Secret", FromYaml(misplaced)),
                testing::AllOf(testing::HasSubstr("in body must be of type"),
                               testing::Not(testing::HasSubstr("hunter2"))))
        << misplaced;
  }
}

TEST(Validation, StopsAfterAHundredCauses) {
  Json object = SmallApplication();
  for (int index = 0; index < 200; ++index) {
    object["spec"]["release"]["env"].push_back({{"name", "0"}});
    object["spec"]["servers"]["fleets"].push_back("web" + std::to_string(index / 2));
  }
  EXPECT_EQ(KindNamed("Application").schema.Validate(object).size(), 100U);
}

TEST(Validation, WritesEveryKeyBehindADot) {
  EXPECT_EQ(With("/metadata/labels", Json{{"slipway.dev/fleet", 1}}),
            "metadata.labels.slipway.dev/fleet: Invalid value: \"integer\": "
            "metadata.labels.slipway.dev/fleet in body must be of type string: \"integer\"\n");
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

TEST(Pruning, KnowsNothingInAValueOfTheWrongType) {
  Json object = SmallApplication();
  object["spec"]["source"] = Json::array({{{"repository", "shop"}}, 7});
  object["spec"]["suspend"] = {{"a", 1}};
  object["spec"]["release"]["processes"] = {{"name", "web"}};
  Json wanted = object;
  wanted["spec"]["source"] = {Json::object(), 7};
  wanted["spec"]["suspend"] = Json::object();
  wanted["spec"]["release"]["processes"] = Json::object();
  std::vector<std::string> unknown;
  KindNamed("Application").schema.Prune(object, unknown);
  EXPECT_EQ(object, wanted);
  EXPECT_EQ(unknown, (std::vector<std::string>{"spec.release.processes.name",
                                               "spec.source[0].repository", "spec.suspend.a"}));
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
            "spec.servers.fleets[1]: Invalid value: \"null\": spec.servers.fleets[1] in body must "
            "be of type string: \"null\"\n");
}

TEST(Compilation, NoKeywordIsIgnoredThatIsNotUnderstood) {
  const GuardedScope guarded;
  EXPECT_NO_THROW(Schema(FromYaml("{type: object, properties: {a: {type: string}}}")));
  EXPECT_THROW(Schema(FromYaml("{type: object, x-kubernetes-validations: [{rule: 'self.a > 1'}]}")),
               AssertionFailed);
  EXPECT_THROW(Schema(FromYaml("{type: object, properties: {a: {type: string, maxLenght: 3}}}")),
               AssertionFailed);
}

TEST(Pruning, GoesOnInsideWhatIsDeclaredWhereTheRestIsKept) {
  const Schema schema(FromYaml(R"(
type: object
x-kubernetes-preserve-unknown-fields: true
properties:
  known: {type: object, properties: {a: {type: string}}}
)"));
  Json object = FromYaml("{any: {thing: 1}, known: {a: x, b: y}}");
  std::vector<std::string> unknown;
  schema.Prune(object, unknown);
  EXPECT_EQ(object, FromYaml("{any: {thing: 1}, known: {a: x}}"));
  EXPECT_EQ(unknown, std::vector<std::string>{"known.b"});
}

TEST(Hints, StandBehindThePatternThatTheyExplain) {
  const std::string pattern =
      "spec.interval in body should match '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$'";
  EXPECT_EQ(WithHint(pattern), pattern + " (a duration, such as 90s, 1m30s or 500ms)");
  EXPECT_EQ(WithHint("Required value"), "Required value");
  EXPECT_EQ(WithHint("spec.x in body should match '^x$'"), "spec.x in body should match '^x$'");
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
