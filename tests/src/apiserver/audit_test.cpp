#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "src/apiserver/access/audit_log.hpp"

namespace slipway::apiserver {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::string FreshFolder(const std::string& name) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

template <typename Condition>
void Wait(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition() && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(condition());
}

TEST(AuditLog, KeepsEachLineInOrder) {
  const std::string path = FreshFolder("audit-order") + "/log";
  {
    auto log = AuditLog::Open({.path = path}).value();
    for (int i = 0; i < 3; ++i) {
      log->Add("line " + std::to_string(i));
    }
  }
  EXPECT_THAT(LinesOf(path), ElementsAre("line 0", "line 1", "line 2"));
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(AuditLog, BeginsANewFileWhereOneIsFull) {
  const std::string path = FreshFolder("audit-rotation") + "/log";
  {
    auto log = AuditLog::Open({.path = path, .max_bytes = 100, .max_backups = 2}).value();
    for (int i = 0; i < 5; ++i) {
      log->Add(std::string(60, static_cast<char>('a' + i)));
      Wait([&] { return log->counts().written == static_cast<std::uint64_t>(i) + 1; });
    }
  }
  EXPECT_THAT(LinesOf(path), ElementsAre(std::string(60, 'e')));
  EXPECT_THAT(LinesOf(path + ".1"), ElementsAre(std::string(60, 'd')));
  EXPECT_THAT(LinesOf(path + ".2"), ElementsAre(std::string(60, 'c')));
  EXPECT_FALSE(std::filesystem::exists(path + ".3"));
}

TEST(AuditLog, FollowsWhoeverMovesTheFile) {
  const std::string path = FreshFolder("audit-moved") + "/log";
  auto log = AuditLog::Open({.path = path}).value();
  log->Add("before");
  Wait([&] { return log->counts().written == 1; });
  std::filesystem::rename(path, path + "-old");
  log->Add("after");
  Wait([&] { return log->counts().written == 2; });
  EXPECT_THAT(LinesOf(path), ElementsAre("after"));
  EXPECT_THAT(LinesOf(path + "-old"), ElementsAre("before"));
}

TEST(AuditLog, SaysThatItCannotBeWrittenAndWhatWasLost) {
  const std::string folder = FreshFolder("audit-broken");
  const std::string path = folder + "/below/log";
  std::filesystem::create_directories(folder + "/below");
  std::atomic<int> troubles{0};
  std::atomic<int> recoveries{0};
  auto log = AuditLog::Open({.path = path,
                             .max_queued = 2,
                             .on_trouble = [&](const std::string&) { ++troubles; },
                             .on_recovery = [&] { ++recoveries; }})
                 .value();
  log->Add("before");
  Wait([&] { return log->counts().written == 1; });
  std::filesystem::remove_all(folder + "/below");
  log->Add("waits");
  Wait([&] { return log->counts().failing; });
  for (const char* line : {"queued 1", "queued 2", "lost"}) {
    log->Add(line);
  }
  EXPECT_EQ(log->counts().lost, 1U);
  EXPECT_EQ(troubles, 1);
  std::filesystem::create_directories(folder + "/below");
  Wait([&] { return log->counts().written == 4; });
  log.reset();
  EXPECT_EQ(recoveries, 1);
  EXPECT_THAT(LinesOf(path),
              ElementsAre("waits", "queued 1", "queued 2", HasSubstr("\"count\":1")));
}

TEST(AuditLog, IsNotOpenedWhereItCannotBeWritten) {
  EXPECT_THAT(AuditLog::Open({.path = "/nowhere/log"}).error().message,
              HasSubstr("/nowhere/log: cannot be opened"));
}

class AuditTest : public testing::Test {
 protected:
  std::vector<json> Events() {
    world_.Stop();
    log_.reset();
    std::vector<json> events;
    for (const std::string& line : LinesOf(path_)) {
      events.push_back(ReadJson(line));
    }
    return events;
  }

  std::string path_ = FreshFolder("audit-server") + "/log";
  std::unique_ptr<AuditLog> log_ = AuditLog::Open({.path = path_}).value();
  ApiWorld world_{{.audit = log_.get()}};
};

TEST_F(AuditTest, ADryRunIsOneInWhateverFormItIsAskedFor) {
  http::TlsClient admin = world_.Admin();
  const std::string map = std::string(kMaps) + "/a";
  const std::string yaml = "Content-Type: application/yaml\r\n";
  // DeleteOptions{dryRun: ["All"]}: the fields are kind and version, then the object, whose dryRun is field 5.
  const std::string options(
      "k8s\0\x0a\x13\x0a\x02v1\x12\x0d"
      "DeleteOptions\x12\x05\x2a\x03"
      "All",
      32);
  admin.Ask("POST", kMaps, R"({"metadata":{"name":"a"}})", kJson);
  admin.Ask("DELETE", map, "dryRun: [All]", yaml);
  admin.Ask("DELETE", kMaps, R"({"dryRun":["All"]})", kJson);
  admin.Ask("DELETE", kMaps, "dryRun: [All]", yaml);
  admin.Ask("DELETE", map, options, "Content-Type: application/vnd.kubernetes.protobuf\r\n");
  admin.Ask("DELETE", kMaps, options, "Content-Type: application/vnd.kubernetes.protobuf\r\n");
  EXPECT_EQ(admin.Ask("GET", map).status, 200) << "nothing was deleted";
  admin.Ask("DELETE", kMaps, "dryRun: []", yaml);
  const std::vector<json> events = Events();
  ASSERT_EQ(events.size(), 7U);
  for (std::size_t i = 1; i <= 5; ++i) {
    EXPECT_EQ(events[i]["responseStatus"]["code"], 200) << i;
    EXPECT_EQ(events[i]["annotations"].value("slipway.dev/dry-run", ""), "true") << i;
  }
  EXPECT_FALSE(events[6]["annotations"].contains("slipway.dev/dry-run"));
}

TEST_F(AuditTest, WritesAndRefusalsAndReadsOfSecretsAreNoted) {
  const std::string secrets = "/api/v1/namespaces/default/secrets";
  http::TlsClient admin = world_.Admin();
  const http::Answer made = admin.Ask("POST", kMaps, R"({"metadata":{"name":"a"}})",
                                      std::string(kJson) + "Audit-Id: mine-1\r\n");
  EXPECT_EQ(made.headers.at("audit-id"), "mine-1");
  const http::Answer read = admin.Ask("GET", kMaps);
  EXPECT_EQ(read.headers.at("audit-id").size(), 36U);
  admin.Ask("POST", secrets + "?secret=hunter2",
            R"({"metadata":{"name":"s"},"stringData":{"password":"hunter2"}})", kJson);
  admin.Ask("GET", secrets + "/s");
  admin.Ask("DELETE", std::string(kMaps) + "/a", R"({"dryRun":["All"]})", kJson);
  world_.Stranger().Ask("GET", kMaps, "", "Authorization: Bearer hunter2\r\n");
  http::TlsClient(world_.port, world_.pki.Agent("default", "web-1")).Ask("GET", kMaps);
  const std::vector<json> events = Events();
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0]["kind"], "Event");
  EXPECT_EQ(events[0]["apiVersion"], "audit.k8s.io/v1");
  EXPECT_EQ(events[0]["auditID"], "mine-1");
  EXPECT_EQ(events[0]["verb"], "create");
  EXPECT_EQ(events[0]["objectRef"], (json{{"resource", "configmaps"},
                                          {"apiVersion", "v1"},
                                          {"namespace", "default"},
                                          {"name", "a"}}));
  EXPECT_EQ(events[0]["responseStatus"]["code"], 201);
  EXPECT_EQ(events[0]["sourceIPs"], json::array({"127.0.0.1"}));
  EXPECT_EQ(events[0]["annotations"]["authorization.k8s.io/decision"], "allow");
  EXPECT_EQ(events[1]["requestURI"], secrets + "?secret=(hidden)");
  EXPECT_EQ(events[2]["verb"], "get");
  EXPECT_EQ(events[2]["objectRef"]["name"], "s");
  EXPECT_EQ(events[3]["annotations"]["slipway.dev/dry-run"], "true");
  EXPECT_EQ(events[4]["responseStatus"]["code"], 401);
  EXPECT_EQ(events[4]["user"], json::object());
  EXPECT_EQ(events[5]["responseStatus"]["code"], 403);
  EXPECT_EQ(events[5]["user"]["username"], "default/web-1");
  for (const std::string& line : LinesOf(path_)) {
    EXPECT_THAT(line, Not(HasSubstr("hunter2")));
  }
}

TEST_F(AuditTest, QuestionsAboutAccessAreNotNoted) {
  world_.Admin().Ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", kJson);
  EXPECT_TRUE(Events().empty());
}

}  // namespace
}  // namespace slipway::apiserver
