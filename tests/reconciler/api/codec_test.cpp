#include <gtest/gtest.h>

#include <string>

#include "reconciler/api/application.hpp"
#include "reconciler/api/fleet.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"

namespace slipway::api {
namespace {

constexpr const char* kSmallest = R"({
  "apiVersion": "slipway.dev/v1alpha1", "kind": "Application", "metadata": {"name": "shop", "namespace": "default"},
  "spec": {"source": {"repository": "shop"}, "servers": {"fleets": ["web"]},
           "release": {"processes": [{"name": "web", "run": "node server.js"}]}}})";

TEST(Decode, GivesAbsentFieldsTheirDefault) {
  const Application application = Decode<Application>(kSmallest).value();
  EXPECT_EQ(application.metadata.ns, "default");
  EXPECT_EQ(application.spec.strategy.max_unavailable, IntOrPercent::Percent(25));
  EXPECT_EQ(application.spec.strategy.progress_deadline, std::chrono::minutes(10));
  EXPECT_EQ(application.spec.strategy.on_new_revision, OnNewRevision::kFinish);
  EXPECT_EQ(application.spec.release.keep, 5);
  EXPECT_EQ(application.spec.release.processes.at(0).health.min_healthy_time,
            std::chrono::seconds(10));
  EXPECT_FALSE(application.spec.gate.has_value());
  EXPECT_TRUE(application.spec.source.path.empty());
  EXPECT_EQ(application.status, ApplicationStatus());
}

TEST(Decode, TakesNullForAbsentAndIgnoresFieldsThatItDoesNotKnow) {
  const auto spec = Decode<GitRepositorySpec>(
      R"({"url": "https://host/shop.git", "interval": null, "secretRef": null, "webhook": {"a": 1}})");
  EXPECT_EQ(spec.value().interval, std::chrono::minutes(1));
  EXPECT_FALSE(spec.value().secret_ref.has_value());
}

TEST(Decode, NamesThePathOfTheFirstMisfit) {
  const auto message = [](const char* json) { return Decode<Application>(json).error().message; };
  EXPECT_EQ(message(R"({"spec": {"servers": {}, "release": {"processes": []}}})"),
            "spec.source: is required");
  EXPECT_EQ(message(R"({"spec": {"source": {"repository": 3}}})"),
            "spec.source.repository: must be a string");
  EXPECT_EQ(
      message(R"({"spec": {"source": {"repository": "a"}, "servers": {}, "release": {"processes":
                     [{"name": "a", "health": {"interval": "soon"}}]}}})"),
      "spec.release.processes[0].health.interval: must be a duration, such as 90s, 1m30s or 500ms, "
      "of at most "
      "100 years");
  EXPECT_EQ(message(R"({"kind": "Fleet"})"), "kind: must be Application");
  EXPECT_EQ(message("[]"), "must be an object");
  EXPECT_EQ(Decode<Application>("{").error().code, Code::kBadRequest);
  EXPECT_EQ(Decode<Application>("[]").error().code, Code::kInvalid);
}

TEST(Decode, RefusesNumbersThatDoNotFit) {
  const auto wave = [](const std::string& number) {
    return Decode<WaveStatus>(R"({"name": "a", "target": )" + number + "}");
  };
  EXPECT_EQ(wave("9223372036854775807").value().target, 9223372036854775807LL);
  EXPECT_EQ(wave("3.0").value().target, 3);
  EXPECT_TRUE(wave("9223372036854775808").has_error());
  EXPECT_TRUE(wave("1e300").has_error());
  EXPECT_TRUE(wave("2.5").has_error());
  EXPECT_TRUE(wave("true").has_error());
  EXPECT_EQ(Decode<Strategy>(R"({"failureBudget": -1})").error().message,
            "failureBudget: must not be negative");
}

TEST(Encode, SortsKeysAndLeavesOutWhatIsAbsent) {
  Intent intent{.application = "shop", .rollout = "shop-3", .wave = 1, .attempt = 2};
  intent.commit = Commit(std::string(40, 'a'));
  EXPECT_EQ(Encode(intent), R"({"application":"shop","attempt":2,"commit":")" +
                                std::string(40, 'a') +
                                R"(","hash":"","retries":0,"rollout":"shop-3","wave":1})");
  EXPECT_EQ(Encode(ServerRelease{.application = "shop"}), R"({"application":"shop"})");
}

TEST(Encode, WritesKindAndVersionAndNoEmptyStatus) {
  Fleet fleet;
  fleet.metadata.name = "web";
  EXPECT_EQ(Encode(fleet),
            R"({"apiVersion":"slipway.dev/v1alpha1","kind":"Fleet","metadata":{"name":"web"},)"
            R"("spec":{"absence":{"confirmations":3,"maxRemovals":"10%"},"interval":"1m",)"
            R"("provider":{},"stopped":"Exclude","suspend":false}})");
  fleet.status.servers.total = 1;
  EXPECT_NE(Encode(fleet).find(R"("status":{)"), std::string::npos);
}

TEST(Encode, TheCanonicalFormKnowsNoDefaults) {
  const auto spelled_out = Decode<ReleaseTemplate>(
      R"({"keep": 5, "processes": [{"name": "web", "run": "x", "stopTimeout": "10000ms", "health": {"timeout": "2s"}}]})");
  const auto terse = Decode<ReleaseTemplate>(R"({"processes": [{"run": "x", "name": "web"}]})");
  EXPECT_EQ(EncodeCanonical(spelled_out.value()), R"({"processes":[{"name":"web","run":"x"}]})");
  EXPECT_EQ(EncodeCanonical(spelled_out.value()), EncodeCanonical(terse.value()));
}

TEST(Encode, SaysBytesThatAreNoTextAsReplacements) {
  EXPECT_EQ(Encode(Source{.repository = "a\xff"}), "{\"repository\":\"a\xef\xbf\xbd\"}");
}

TEST(Enums, HaveOneNameForEachValue) {
  EXPECT_EQ(ToString(RolloutPhase::kRollingBack), "RollingBack");
  RolloutPhase phase = RolloutPhase::kPending;
  EXPECT_TRUE(FromString("Halted", phase));
  EXPECT_EQ(phase, RolloutPhase::kHalted);
  EXPECT_FALSE(FromString("halted", phase));
  EXPECT_EQ(phase, RolloutPhase::kHalted);
  EXPECT_NE(Decode<RolloutStatus>(R"({"phase": "Asleep"})")
                .error()
                .message.find("phase: must be one of Pending, "),
            std::string::npos);
}

TEST(Metadata, SurvivesTheWayThroughJson) {
  ObjectMeta meta{.name = "shop-1",
                  .ns = "default",
                  .uid = Uid("u1"),
                  .resource_version = "7",
                  .generation = 3,
                  .labels = {{"role", "web"}},
                  .annotations = {{"slipway.dev/reason", "because"}},
                  .owner_references = {{.api_version = "slipway.dev/v1alpha1",
                                        .kind = "Application",
                                        .name = "shop",
                                        .uid = Uid("u0"),
                                        .controller = true}},
                  .finalizers = {"slipway.dev/servers"},
                  .creation_timestamp = Time{std::chrono::seconds(1)},
                  .deletion_timestamp = Time{std::chrono::seconds(2)}};
  Fleet fleet{.metadata = meta};
  EXPECT_EQ(Decode<Fleet>(Encode(fleet)).value(), fleet);
}

}  // namespace
}  // namespace slipway::api
