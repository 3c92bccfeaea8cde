#include "src/objects/kind_rules.hpp"

#include <gtest/gtest.h>

#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

/// What the rules say about a document that the schema accepts.
std::string BrokenRules(const char* kind, Json object) {
  const KindInfo& info = KindNamed(kind);
  info.schema.Default(object);
  EXPECT_EQ(Lines(info.schema.Validate(object)), "");
  object["metadata"].emplace("name", "x");
  return Lines(CheckRules(info, object));
}

std::string BrokenRulesWith(const char* pointer, const std::string& yaml) {
  Json object = SmallApplication();
  object[Json::json_pointer(pointer)] = FromYaml(yaml);
  return BrokenRules("Application", object);
}

TEST(ApplicationRules, AcceptTheSmallestOne) {
  EXPECT_EQ(BrokenRules("Application", SmallApplication()), "");
}

TEST(ApplicationRules, AProcessIsRunOrAService) {
  const std::string wanted =
      "spec.release.processes[0]: \"web\": must have exactly one of run and service\n";
  EXPECT_EQ(BrokenRulesWith("/spec/release/processes", "[{name: web}]"), wanted);
  EXPECT_EQ(
      BrokenRulesWith("/spec/release/processes", "[{name: web, run: x, service: web.service}]"),
      wanted);
  EXPECT_EQ(BrokenRulesWith("/spec/release/processes", "[{name: web, service: web.service}]"), "");
}

TEST(ApplicationRules, HealthCanBeReached) {
  EXPECT_EQ(
      BrokenRulesWith("/spec/release/processes/0/health",
                      "{minHealthyTime: 2m, interval: 0s, timeout: 0s}"),
      "spec.release.processes[0].health.interval: \"0s\": must be longer than 0s\n"
      "spec.release.processes[0].health.timeout: \"0s\": must be longer than 0s\n"
      "spec.release.processes[0].health.deadline: \"2m\": must be longer than minHealthyTime, "
      "which is 2m\n");
  EXPECT_EQ(BrokenRulesWith("/spec/strategy", "{progressDeadline: 10s}"),
            "spec.strategy.progressDeadline: \"10s\": must be longer than minHealthyTime of the "
            "process web, which is "
            "10s\n");
}

TEST(ApplicationRules, WavesGrow) {
  EXPECT_EQ(BrokenRulesWith("/spec/strategy",
                            "{waves: [{upTo: 1}, {upTo: 5}, {upTo: 25%}, {upTo: 50%}]}"),
            "");
  EXPECT_EQ(BrokenRulesWith(
                "/spec/strategy",
                "{waves: [{name: a, upTo: 5}, {name: a, upTo: 25%}, {upTo: 5}, {upTo: 10%}]}"),
            "spec.strategy.waves[1].name: \"a\": another wave has this name\n"
            "spec.strategy.waves[2].upTo: \"5\": must be more than in the waves before, because "
            "each wave includes them\n"
            "spec.strategy.waves[3].upTo: \"10%\": must be more than in the waves before, because "
            "each wave includes "
            "them\n");
}

TEST(ApplicationRules, AnEmptySelectionSelectsNothing) {
  EXPECT_EQ(BrokenRulesWith("/spec/servers", "{}"),
            "spec.servers: must name fleets, or labels in selector, or both\n");
  EXPECT_EQ(BrokenRulesWith("/spec/servers", "{selector: {}}"),
            "spec.servers: must name fleets, or labels in selector, or both\n");
  EXPECT_EQ(BrokenRulesWith("/spec/servers", "{selector: {matchLabels: {role: web}}}"), "");
  EXPECT_EQ(BrokenRulesWith("/spec/gate", "{servers: {}}"),
            "spec.gate.servers: must name fleets, or labels in selector, or both\n");
}

TEST(ApplicationRules, SelectorsAreComplete) {
  EXPECT_EQ(
      BrokenRulesWith("/spec/servers/selector",
                      "{matchLabels: {'a b': c, ok: 'no space'}, matchExpressions: [{key: role, "
                      "operator: In}, {key: '-', "
                      "operator: Exists, values: [x]}]}"),
      "spec.servers.selector.matchLabels: \"a b\": must be the name of a label, such as role "
      "or example.com/role, "
      "with a value of a label\n"
      "spec.servers.selector.matchLabels: \"ok\": must be the name of a label, such as role "
      "or example.com/role, "
      "with a value of a label\n"
      "spec.servers.selector.matchExpressions[0].values: must have at least one value with "
      "the operators In and "
      "NotIn\n"
      "spec.servers.selector.matchExpressions[1].key: \"-\": must be the name of a label, "
      "such as role or "
      "example.com/role\n"
      "spec.servers.selector.matchExpressions[1].values: must be empty with the operators "
      "Exists and "
      "DoesNotExist\n");
}

TEST(ApplicationRules, PathsStayInside) {
  for (const char* path : {"../shop", "a/../b", "a//b", "./a", "a/."}) {
    EXPECT_EQ(BrokenRulesWith("/spec/source/path", path),
              "spec.source.path: \"" + std::string(path) +
                  "\": must be a path without empty parts, . and ..\n");
  }
  EXPECT_NE(BrokenRulesWith("/spec/release/root", "/srv/../etc"), "");
  EXPECT_NE(BrokenRulesWith("/spec/release/shared", "{dirs: [a/..]}"), "");
  EXPECT_EQ(BrokenRulesWith("/spec/release/shared", "{dirs: [log], files: [log]}"),
            "spec.release.shared.files[0]: \"log\": is among the dirs too\n");
}

TEST(ApplicationRules, TheAgentsOwnVariablesCannotBeSet) {
  EXPECT_EQ(BrokenRulesWith("/spec/release/env", "[{name: SLIPWAY_ADDRESS}]"),
            "spec.release.env[0].name: \"SLIPWAY_ADDRESS\": names that begin with SLIPWAY_ are set "
            "by the agent\n");
}

TEST(ApplicationRules, NoCommandEndsAtOnce) {
  EXPECT_EQ(BrokenRulesWith("/spec/release/install", "{run: x, timeout: 0s}"),
            "spec.release.install.timeout: \"0s\": must be longer than 0s\n");
  EXPECT_EQ(
      BrokenRulesWith(
          "/spec/gate",
          "{servers: {fleets: [it]}, suites: [{name: a, run: x, timeout: 0ms, report: ../x}]}"),
      "spec.gate.suites[0].timeout: \"0s\": must be longer than 0s\n"
      "spec.gate.suites[0].report: \"../x\": must be a path without empty parts, . and ..\n");
}

TEST(GitRepositoryRules, UrlsHoldNoCredentials) {
  const auto judge = [](const std::string& url) {
    return BrokenRules("GitRepository", {{"spec", {{"url", url}}}});
  };
  const std::string wanted =
      "spec.url: must hold no credentials: put them into a Secret and name it in secretRef\n";
  EXPECT_EQ(judge("https://me:secret@host/shop.git"), wanted);
  EXPECT_EQ(judge("https://token@host/shop.git"), wanted);
  EXPECT_EQ(judge("ssh://git:secret@host/shop.git"), wanted);
  EXPECT_EQ(judge("ssh://git@host:2222/shop.git"), "");
  EXPECT_EQ(judge("https://host/a@b.git"), "");
  EXPECT_EQ(judge("file:///srv/shop.git"), "");
  EXPECT_EQ(judge("https:///shop.git"),
            "spec.url: must name a host, as in https://host/group/shop.git\n");
}

TEST(GitRepositoryRules, ReferencesAreOnesThatGitAllows) {
  const auto judge = [](const std::string& branch) {
    return BrokenRules("GitRepository",
                       {{"spec", {{"url", "https://host/x"}, {"ref", {{"branch", branch}}}}}});
  };
  EXPECT_EQ(judge("release/1.2"), "");
  for (const char* branch : {"a..b", "a//b", "a/.b", "a.lock"}) {
    EXPECT_NE(judge(branch), "") << branch;
  }
  EXPECT_EQ(
      BrokenRules("GitRepository", {{"spec", {{"url", "https://host/x"}, {"interval", "1ms"}}}}),
      "spec.interval: \"1ms\": must be at least 100ms\n");
}

TEST(FleetRules, AnExternalIDNeedsARole) {
  const auto judge = [](const std::string& more) {
    return BrokenRules("Fleet",
                       FromYaml("spec: {provider: {aws: {regions: [eu-west-1]" + more + "}}}"));
  };
  EXPECT_EQ(judge(""), "");
  EXPECT_EQ(judge(", externalID: x, roleARN: \"arn:aws:iam::123456789012:role/r\""), "");
  EXPECT_NE(judge(", externalID: x").find("spec.provider.aws.externalID: is for a role"),
            std::string::npos);
}

TEST(FleetRules, OneOfTwoSaysWhoAsksOpenStack) {
  EXPECT_EQ(BrokenRules("Fleet", FromYaml("spec: {provider: {openstack: {cloud: a}}}")), "");
  EXPECT_EQ(BrokenRules("Fleet", FromYaml("spec: {provider: {openstack: {cloud: a, secretRef: "
                                          "{name: b}}}}")),
            "spec.provider.openstack.cloud: names credentials, and secretRef does too: leave one "
            "of them out\n");
}

TEST(FleetRules, ATokenOfTheControlPlaneGoesToGoogleOnly) {
  const auto judge = [](const std::string& endpoint, const std::string& more = "") {
    return BrokenRules("Fleet", FromYaml("spec: {provider: {gcp: {project: shop-prod, endpoint: '" +
                                         endpoint + "'" + more + "}}}"));
  };
  EXPECT_EQ(judge("https://compute-psc.p.googleapis.com"), "");
  EXPECT_EQ(judge("https://compute.googleapis.com:443/"), "");
  EXPECT_EQ(judge("https://example.org", ", secretRef: {name: key}"), "");
  for (const char* other :
       {"https://example.org", "http://127.0.0.1:8080", "https://googleapis.com.example.org:8443/",
        "https://compute.notgoogleapis.com"}) {
    EXPECT_NE(judge(other).find("spec.provider.gcp.endpoint: \"" + std::string(other) +
                                "\": must be https:// and of googleapis.com"),
              std::string::npos)
        << other;
  }
}

TEST(FleetRules, ATokenOfTheControlPlaneGoesToTheCloudOfAzureThatIsNamed) {
  const auto judge = [](const std::string& endpoint, const std::string& more = "") {
    return BrokenRules("Fleet", FromYaml("spec: {provider: {azure: {subscriptions: "
                                         "[0b1f6471-1bf0-4dda-aec3-cb9272f09590], endpoint: '" +
                                         endpoint + "'" + more + "}}}"));
  };
  EXPECT_EQ(judge("https://management.azure.com"), "");
  EXPECT_EQ(judge("https://westeurope.management.azure.com:443/"), "");
  EXPECT_EQ(judge("https://management.chinacloudapi.cn", ", cloud: China"), "");
  EXPECT_EQ(judge("https://management.usgovcloudapi.net", ", cloud: USGovernment"), "");
  EXPECT_EQ(judge("https://example.org", ", secretRef: {name: app}"), "");
  for (const char* other : {"https://example.org", "http://127.0.0.1:8080", "https://vm.azure.com",
                            "https://management.chinacloudapi.cn"}) {
    EXPECT_NE(judge(other).find("spec.provider.azure.endpoint: \"" + std::string(other) +
                                "\": must be https:// and at or under management.azure.com"),
              std::string::npos)
        << other;
  }
}

TEST(FleetRules, StaticServersHaveOneNameEach) {
  const auto judge = [](const std::string& servers) {
    return BrokenRules("Fleet", FromYaml("spec: {provider: {static: {servers: " + servers + "}}}"));
  };
  EXPECT_EQ(judge("[{address: 10.0.0.1}, {name: web}, {name: db, address: 10.0.0.1}]"), "");
  EXPECT_EQ(judge("[{labels: {a: b}}]"),
            "spec.provider.static.servers[0]: must have a name or an address\n");
  EXPECT_EQ(judge("[{address: 10.0.0.1}, {name: 10-0-0-1}]"),
            "spec.provider.static.servers[1]: \"10-0-0-1\": another server of this fleet has this "
            "name\n");
  EXPECT_EQ(judge("[{name: a, labels: {slipway.dev/fleet: b}}]"),
            "spec.provider.static.servers[0].labels: \"slipway.dev/fleet\": labels of slipway.dev "
            "are set by Slipway\n");
}

TEST(FleetRules, AStaticListStandsInOnePlace) {
  const auto judge = [](const std::string& list) {
    return BrokenRules("Fleet", FromYaml("spec: {provider: {static: " + list + "}}"));
  };
  EXPECT_EQ(judge("{file: /etc/slipway/servers.yaml}"), "");
  EXPECT_EQ(judge("{servers: []}"), "");
  EXPECT_EQ(judge("{file: /etc/slipway/servers.yaml, servers: []}"),
            "spec.provider.static: must have exactly one of servers and file\n");
  // Where nobody knows this rule, an empty object would mean that all servers leave.
  Json nothing = FromYaml("spec: {provider: {static: {}}}");
  EXPECT_NE(Lines(KindNamed("Fleet").schema.Validate(nothing)), "");
}

Json SmallRollout() {
  Json object = FromYaml(R"(
metadata: {name: shop-1}
spec:
  application: shop
  number: 1
  release: {commit: 1111111111111111111111111111111111111111, tree: 2222222222222222222222222222222222222222,
            hash: 3333333333333333333333333333333333333333333333333333333333333333}
  template: {release: {processes: [{name: web, run: x}]}}
)");
  for (const char* field : {"commit", "tree", "hash"}) {
    object["spec"]["release"][field] = std::string(std::string(field) == "hash" ? 64 : 40, '1');
  }
  KindNamed("Rollout").schema.Default(object);
  return object;
}

std::string Change(const char* pointer, const Json& before, const Json& after) {
  Json from = SmallRollout();
  Json to = from;
  from[Json::json_pointer(pointer)] = before;
  to[Json::json_pointer(pointer)] = after;
  return Lines(CheckChange(KindNamed("Rollout"), from, to));
}

TEST(RolloutRules, OnlyTheLevelsChange) {
  EXPECT_EQ(Change("/spec/paused", false, true), "");
  EXPECT_EQ(Change("/spec/paused", true, false), "");
  EXPECT_EQ(Change("/spec/hold", true, false), "");
  EXPECT_EQ(Change("/spec/reason", "a", "b"), "");
  EXPECT_EQ(Change("/spec/template/release/keep", 5, 6),
            "spec.template: cannot be changed: a rollout is the record of one attempt. Change the "
            "Application instead\n");
  EXPECT_NE(Change("/spec/number", 1, 2), "");
}

TEST(RolloutRules, LevelsThatOnlyGoOneWay) {
  EXPECT_EQ(Change("/spec/aborted", false, true), "");
  EXPECT_EQ(Change("/spec/aborted", true, false),
            "spec.aborted: cannot be made false again: retry makes a new rollout\n");
  EXPECT_EQ(Change("/spec/promotedThrough", 1, 2), "");
  EXPECT_EQ(Change("/spec/promotedThrough", 2, 1),
            "spec.promotedThrough: can only grow: what was promoted cannot be taken back\n");
}

}  // namespace
}  // namespace slipway::objects
