#include "src/objects/table.hpp"
#include "reconciler/base/json.hpp"

#include <gtest/gtest.h>

#include "reconciler/api/scalars.hpp"
#include "src/objects/json_path.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

const Time kNow = api::ParseTime("2026-11-24T12:00:00Z").value();

Json Rollout() {
  return FromYaml(R"(
apiVersion: slipway.dev/v1alpha1
kind: Rollout
metadata: {name: shop-3, namespace: default, creationTimestamp: "2026-11-24T11:54:50Z"}
spec: {application: shop, release: {commit: abc}}
status: {phase: Progressing, wave: 2, servers: {total: 6, updated: 2}}
)");
}

TEST(Tables, HaveTheColumnsOfTheKind) {
  const Json row = TableRow(KindNamed("Rollout"), Rollout(), IncludeObject::kNone, kNow);
  EXPECT_EQ(row["cells"],
            ReadJson(R"(["shop-3", "shop", "Progressing", 2, 2, 6, "abc", null, null, "5m10s"])"));
  const Json columns = ColumnDefinitions(KindNamed("Rollout"));
  ASSERT_EQ(columns.size(), row["cells"].size());
  EXPECT_EQ(columns[0]["name"], "Name");
  EXPECT_EQ(columns[0]["format"], "name");
  EXPECT_EQ(columns[7]["priority"], 1);
  EXPECT_EQ(columns[9]["type"], "string");
}

TEST(Tables, CarryAsMuchOfTheObjectAsAsked) {
  const KindInfo& kind = KindNamed("Rollout");
  const Json metadata = TableRow(kind, Rollout(), IncludeObject::kMetadata, kNow)["object"];
  EXPECT_EQ(metadata["kind"], "PartialObjectMetadata");
  EXPECT_EQ(metadata["metadata"], Rollout()["metadata"]);
  EXPECT_FALSE(metadata.contains("spec"));
  EXPECT_EQ(TableRow(kind, Rollout(), IncludeObject::kObject, kNow)["object"], Rollout());
  EXPECT_EQ(TableRow(kind, Rollout(), IncludeObject::kNone, kNow)["object"], Json());
}

TEST(Tables, NameTheirColumnsOnce) {
  const std::vector<Json> objects = {Rollout(), Rollout()};
  const Json first = MakeTable(KindNamed("Rollout"), objects, {{"resourceVersion", "9"}},
                               IncludeObject::kNone, kNow);
  EXPECT_EQ(first["kind"], "Table");
  EXPECT_EQ(first["apiVersion"], "meta.k8s.io/v1");
  EXPECT_EQ(first["metadata"]["resourceVersion"], "9");
  EXPECT_EQ(first["rows"].size(), 2U);
  EXPECT_EQ(first["columnDefinitions"].size(), 10U);
  const Json later =
      MakeTable(KindNamed("Rollout"), objects, Json::object(), IncludeObject::kNone, kNow, false);
  EXPECT_TRUE(later["columnDefinitions"].is_null());
}

TEST(Tables, ShowConditionsAndCountedValues) {
  const Json fleet = FromYaml(
      R"({metadata: {name: web}, status: {conditions: [{type: Ready, status: "False", message: gone},
                                  {type: Stalled, status: "True"}], servers: {total: 3, joined: 1}}})");
  EXPECT_EQ(TableRow(KindNamed("Fleet"), fleet, IncludeObject::kNone, kNow)["cells"],
            ReadJson(R"(["web", "False", 3, 1, null, "gone", null])"));
  const Json secret = FromYaml("{metadata: {name: s}, type: Opaque, data: {a: eA==, b: eA==}}");
  EXPECT_EQ(TableRow(KindNamed("Secret"), secret, IncludeObject::kNone, kNow)["cells"],
            ReadJson(R"(["s", "Opaque", 2, null])"));
  const Json event = FromYaml(
      "{metadata: {name: e}, involvedObject: {kind: Rollout, name: shop-1}, reason: Failed, type: "
      "Warning, message: m, "
      "lastTimestamp: 2026-11-24T11:59:58Z}");
  EXPECT_EQ(
      TableRow(KindNamed("Event"), event, IncludeObject::kNone, kNow)["cells"],
      ReadJson(
          R"(["2s", "Warning", "Failed", "rollout/shop-1", null, null, "m", null, null, "e"])"));
}

TEST(Ages, AreShortLikeKubectls) {
  const auto age = [](std::int64_t seconds) {
    return HumanDuration(std::chrono::seconds(seconds));
  };
  EXPECT_EQ(age(-5), "0s");
  EXPECT_EQ(age(119), "119s");
  EXPECT_EQ(age(120), "2m");
  EXPECT_EQ(age(310), "5m10s");
  EXPECT_EQ(age(600), "10m");
  EXPECT_EQ(age(3 * 3600 - 1), "179m");
  EXPECT_EQ(age(3 * 3600), "3h");
  EXPECT_EQ(age(3 * 3600 + 300), "3h5m");
  EXPECT_EQ(age(8 * 3600 + 300), "8h");
  EXPECT_EQ(age(48 * 3600 + 3 * 3600), "2d3h");
  EXPECT_EQ(age(8 * 86400 + 3600), "8d");
  EXPECT_EQ(age(800 * 86400), "2y70d");
  EXPECT_EQ(age(10 * 365 * 86400), "10y");
}

TEST(Paths, LeadToValues) {
  const Json object = FromYaml("{a: {b: [1, {c: x}, {c: z, d: 2}]}, 'dot.ted/key': 3}");
  const auto at = [&](const char* path) { return Json(EvaluatePath(object, path)).dump(); };
  EXPECT_EQ(at(".a.b[0]"), "[1]");
  EXPECT_EQ(at(".a.b[*].c"), R"(["x","z"])");
  EXPECT_EQ(at(R"(.a.b[?(@.c=="z")].d)"), "[2]");
  EXPECT_EQ(at(R"(.dot\.ted/key)"), "[3]");
  EXPECT_EQ(at(".a.b.length()"), "[3]");
  EXPECT_EQ(at(".a.x.y"), "[]");
  EXPECT_EQ(at(".a.b[9]"), "[]");
  for (const char* path :
       {"", "a", ".a[", ".a[x]", ".a[?(@.b)]", "..a", ".a[?(@.b==\"x)]", ".a[99999999999]"}) {
    EXPECT_FALSE(IsPath(path)) << path;
  }
}

}  // namespace
}  // namespace slipway::objects
