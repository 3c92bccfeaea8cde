#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "src/agent/bounded_log.hpp"
#include "src/agent/environment.hpp"
#include "src/agent/files.hpp"
#include "src/agent/journal_file.hpp"
#include "src/agent/logs.hpp"
#include "src/agent/release_directories.hpp"
#include "src/agent/text.hpp"
#include "tests/src/agent/support.hpp"

namespace slipway::agent {
namespace {

using test::Directory;
using test::ReadText;
using test::WriteText;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

api::ReleaseTemplate SomeTemplate() {
  api::ReleaseTemplate config;
  config.root = "/srv/shop";
  config.install = api::Command{.run = "make", .timeout = Duration(5'000)};
  api::Process web;
  web.name = "web";
  web.run = "./web";
  config.processes = {web};
  return config;
}

host::Journal SomeJournal() {
  host::Journal journal;
  journal.incarnation = 12;
  journal.epoch = {.incarnation = "i", .version = 3};
  host::ApplicationRecord& record = journal.applications["shop"];
  const host::ReleaseId id{.commit = Commit(std::string(40, 'a')),
                           .hash = ReleaseHash(std::string(64, 'b'))};
  record.last_good = "good";
  record.releases = {
      {.directory = "good", .id = id, .tree = Tree("t"), .good = true, .config = SomeTemplate()}};
  record.attempt = host::AttemptRecord{};
  record.attempt->rollout = "shop-2";
  record.attempt->number = 2;
  record.attempt->id = id;
  record.attempt->content = {
      .repository = "default/shop", .path = "services/shop", .tree = Tree("t")};
  record.attempt->config = SomeTemplate();
  record.attempt->directory = "next";
  record.attempt->incarnation = 12;
  record.attempt->step = host::Step::kStart;
  record.attempt->step_began = {Duration(77)};
  record.attempt->stopped = true;
  record.attempt->result = host::Outcome::kFailed;
  record.attempt->message = "why";
  host::TestRecord& test = journal.tests["shop-2-gate-1"];
  test.name = "shop-2-gate-1";
  test.uid = Uid("u");
  test.application = "shop";
  test.id = id;
  test.config.release = SomeTemplate();
  test.step = host::Step::kSuite;
  test.suite = 1;
  test.checked_out = true;
  test.stops = 1;
  test.clean_ups = 2;
  test.removals = 1;
  test.suites = {
      {.name = "unit", .result = host::Outcome::kSucceeded, .tests = 3, .elapsed = Duration(12)}};
  test.failures = {{.suite = "unit", .name = "adds", .message = "m"}};
  return journal;
}

TEST(JournalFile, HoldsWhatWasSaved) {
  const Directory directory;
  JournalFile file(directory / "journal.json");
  const host::Journal journal = SomeJournal();
  ASSERT_TRUE(file.Save(journal));
  std::string warning;
  const Result<host::Journal> back = file.Load(warning);
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value(), journal);
  EXPECT_EQ(warning, "");
  struct stat info {};
  ASSERT_EQ(::stat((directory / "journal.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(JournalFile, AMissingFileIsAnEmptyJournal) {
  const Directory directory;
  std::string warning;
  const Result<host::Journal> journal = JournalFile(directory / "journal.json").Load(warning);
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal.value(), host::Journal{});
  EXPECT_EQ(warning, "");
}

// Case 30: empty and torn state files are tolerated.
TEST(JournalFile, AnEmptyOrTornFileIsKeptAsideAndANewOneBegun) {
  const std::string whole = EncodeJournal(SomeJournal());
  for (const std::string& text : {std::string(), whole.substr(0, whole.size() / 2),
                                  std::string("null"), std::string(4'096, '\0')}) {
    const Directory directory;
    WriteText(directory / "journal.json", text);
    JournalFile file(directory / "journal.json");
    std::string warning;
    const Result<host::Journal> journal = file.Load(warning);
    ASSERT_TRUE(journal);
    EXPECT_EQ(journal.value(), host::Journal{});
    EXPECT_THAT(warning, HasSubstr("is damaged"));
    EXPECT_EQ(ReadText(directory / "journal.json.damaged"), text);
    EXPECT_TRUE(file.Save(SomeJournal()));
  }
}

TEST(JournalFile, OneOfANewerAgentIsLeftAlone) {
  const Directory directory;
  const std::string text = R"({"version":2,"applications":["in another form"]})";
  WriteText(directory / "journal.json", text);
  std::string warning;
  const Result<host::Journal> journal = JournalFile(directory / "journal.json").Load(warning);
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("written by a newer agent"));
  EXPECT_EQ(ReadText(directory / "journal.json"), text);
}

TEST(JournalFile, SaysWhenItCannotBeWritten) {
  JournalFile file("/proc/nowhere/journal.json");
  EXPECT_FALSE(file.Save(host::Journal{}));
}

TEST(Files, ALinkIsSwitchedInOneStepAndWhatIsNoLinkIsLeftAlone) {
  const Directory directory;
  const std::string link = directory / "current";
  ASSERT_TRUE(SwitchLink(link, "releases/a"));
  ASSERT_TRUE(SwitchLink(link, "releases/b"));
  EXPECT_EQ(std::filesystem::read_symlink(link), "releases/b");
  EXPECT_THAT(ListDirectory(directory.path()), ElementsAre("current"));
  std::filesystem::create_directory(directory / "real");
  const Result<void> refused = SwitchLink(directory / "real", "x");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is not a symbolic link"));
}

TEST(Files, ALockIsOneForAll) {
  const Directory directory;
  const std::string path = directory / "lock";
  EXPECT_FALSE(IsLocked(path).value());
  {
    const Result<Descriptor> lock = TakeLock(path);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(IsLocked(path).value());
    const Result<Descriptor> second = TakeLock(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  }
  EXPECT_FALSE(IsLocked(path).value());
}

TEST(Files, TheEndOfAFileBeginsWithAWholeLine) {
  const Directory directory;
  WriteText(directory / "log", "first line\nsecond line\nthird\n");
  EXPECT_EQ(ReadTail(directory / "log", 100).value(), "first line\nsecond line\nthird\n");
  EXPECT_EQ(ReadTail(directory / "log", 10).value(), "third\n");
  EXPECT_EQ(LastLines("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(LastLines("a\nb\nc", 1), "c");
  EXPECT_EQ(LastLines("a\n", 5), "a\n");
  EXPECT_EQ(LastLine("a\nb\n\n"), ": b");
  EXPECT_EQ(LastLine(" \n"), "");
}

TEST(BoundedLog, SequencesThatAreCutInPiecesAreStripped) {
  AnsiStripper stripper;
  std::string text;
  for (const char character : std::string("a\x1b[1;31mb\x1b]8;;http://x\x1b\\c\r\nd\x1b(Be\x07")) {
    text += stripper.Feed({&character, 1});
  }
  EXPECT_EQ(text, "abc\nde");
}

TEST(BoundedLog, NothingIsLeftOutOfWhatFits) {
  HeadAndTail log(4, 4);
  log.Write("abcdefgh");
  EXPECT_EQ(log.Text(), "abcdefgh");
  log.Write("ijklmnop");
  EXPECT_THAT(log.Text(), HasSubstr("abcd\n[8 bytes left out]\n"));
  EXPECT_THAT(log.Text(), HasSubstr("mnop"));
}

TEST(Environment, FactsAreExpandedAndEverythingElseStays) {
  const Facts facts = MakeFacts(
      "10.0.0.1", {Commit(std::string(40, 'a')), ReleaseHash(std::string(64, 'b'))}, "/srv");
  EXPECT_EQ(Expand("http://${SLIPWAY_ADDRESS}:1/${SLIPWAY_ROOT}$X${Y", facts),
            "http://10.0.0.1:1//srv$X${Y");
  EXPECT_EQ(Expand("${SLIPWAY_RELEASE}", facts), std::string(40, 'a') + "-bbbbbbbb");
  ::setenv("SLIPWAY_TOKEN", "secret", 1);
  ::setenv("LD_PRELOAD_NOT", "x", 1);
  const UserRecord user{.name = "me", .uid = 1, .gid = 1, .home = "/home/me", .shell = "/bin/sh"};
  const std::vector<std::string> all = MakeEnvironment(
      {{.name = "URL", .value = "http://${SLIPWAY_ADDRESS}"}, {.name = "HOME", .value = "/x"}},
      user, facts);
  ::unsetenv("SLIPWAY_TOKEN");
  ::unsetenv("LD_PRELOAD_NOT");
  EXPECT_THAT(all, Contains("URL=http://10.0.0.1"));
  EXPECT_THAT(all, Contains("HOME=/x")) << "the release wins";
  EXPECT_THAT(all, Contains("USER=me"));
  EXPECT_THAT(all, Contains("SLIPWAY_REVISION=" + std::string(40, 'a')));
  EXPECT_THAT(all, Contains(::testing::StartsWith("PATH=")));
  EXPECT_THAT(all, Not(Contains(HasSubstr("secret"))));
  EXPECT_THAT(all, Not(Contains(::testing::StartsWith("LD_"))));
}

class ReleaseDirectories : public ::testing::Test {
 protected:
  ReleaseDirectories() {
    config.shared = api::SharedPaths{.dirs = {"log", "var/cache"}, .files = {"config/local.json"}};
    user = FindUser("").value();
  }

  Directory directory;
  ApplicationLayout layout{directory.path()};
  api::ReleaseTemplate config;
  UserRecord user;
};

// Case 26: a missing shared file is said before anything changes.
TEST_F(ReleaseDirectories, AMissingSharedFileIsNamedWithItsPlace) {
  ASSERT_TRUE(PrepareApplication(layout, config, user));
  const Result<void> missing = CheckShared(layout, config);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message,
              HasSubstr("put it to " + (directory / "shared/config/local.json")));
  WriteText(directory / "shared/config/local.json", "{}");
  EXPECT_TRUE(CheckShared(layout, config));
}

TEST_F(ReleaseDirectories, LinksReplaceWhatTheReleaseHasThere) {
  ASSERT_TRUE(PrepareApplication(layout, config, user));
  WriteText(directory / "shared/config/local.json", "shared");
  const std::string release = layout.Release("r");
  WriteText(release + "/config/local.json", "committed");
  WriteText(release + "/log/old", "x");
  ASSERT_TRUE(LinkShared(layout, config, release));
  EXPECT_EQ(ReadText(release + "/config/local.json"), "shared");
  EXPECT_TRUE(std::filesystem::is_symlink(release + "/log"));
  EXPECT_TRUE(std::filesystem::is_directory(release + "/var/cache"));
}

TEST_F(ReleaseDirectories, PathsOutOfTheReleaseAreRefused) {
  ASSERT_TRUE(PrepareApplication(layout, config, user));
  std::filesystem::create_directories(layout.Release("r"));
  for (const std::string path : {"../x", "a/../../x", "a//b", "./x", "a/."}) {
    config.shared = api::SharedPaths{.dirs = {path}, .files = {}};
    EXPECT_FALSE(LinkShared(layout, config, layout.Release("r"))) << path;
    EXPECT_FALSE(PrepareApplication(layout, config, user)) << path;
  }
  std::filesystem::create_symlink("/tmp", layout.Release("r") + "/out");
  config.shared = api::SharedPaths{.dirs = {"out/x"}, .files = {}};
  EXPECT_FALSE(LinkShared(layout, config, layout.Release("r"))) << "through a link of the release";
}

TEST_F(ReleaseDirectories, LinksBelowSharedAreNotFollowed) {
  ASSERT_TRUE(PrepareApplication(layout, config, user));
  std::filesystem::create_directory(directory / "elsewhere");
  std::filesystem::create_symlink(directory / "elsewhere", layout.Shared() + "/data");
  config.shared = api::SharedPaths{.dirs = {"data/made"}, .files = {}};
  const Result<void> refused = PrepareApplication(layout, config, user);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_THAT(ListDirectory(directory / "elsewhere"), IsEmpty());
  config.shared->dirs = {"data"};
  EXPECT_TRUE(PrepareApplication(layout, config, user)) << "somebody's own place for it";
}

TEST_F(ReleaseDirectories, CurrentIsReadOnlyWhereItIsOurs) {
  ASSERT_TRUE(PrepareApplication(layout, config, user));
  EXPECT_EQ(ReadCurrent(layout), "");
  ASSERT_TRUE(SwitchLink(layout.Current(), "releases/a"));
  EXPECT_EQ(ReadCurrent(layout), "a");
  ASSERT_TRUE(SwitchLink(layout.Current(), "/etc"));
  EXPECT_EQ(ReadCurrent(layout), "");
}

TEST_F(ReleaseDirectories, WhatIsNotNeededGoesToTheTrashFirst) {
  ASSERT_TRUE(PrepareApplication(layout, config, user));
  WriteText(layout.Release("a") + "/x", "x");
  WriteText(layout.Staging() + "/b.part-1/x", "x");
  EXPECT_THAT(ListReleases(layout), ElementsAre("a", "b.part-1"));
  ASSERT_TRUE(MoveToTrash(layout, {"a", "b.part-1", "unknown"}));
  EXPECT_THAT(ListReleases(layout), IsEmpty());
  WriteText(layout.Release("a") + "/x", "x");
  ASSERT_TRUE(MoveToTrash(layout, {"a"})) << "also when the trash holds one of that name";
}

TEST(Logs, GiveTheEndOfTheProcessThatIsAskedFor) {
  const Directory directory;
  const Layout layout{directory.path()};
  WriteText(layout.Processes("shop") + "/web/log.1", "one\ntwo\n");
  WriteText(layout.Processes("shop") + "/web/log", "three\n");
  WriteText(layout.StepLogs("shop") + "/Install.log", "a\nb\n");
  protocol::LogsRequest request;
  request.application = "shop";
  request.lines = 2;
  EXPECT_EQ(ReadLogs(layout, "web-1", request).value(), "two\nthree\n");
  request.step = "Install";
  request.lines = 1;
  EXPECT_EQ(ReadLogs(layout, "web-1", request).value(), "b\n");
  request.step = "../../etc/passwd";
  EXPECT_EQ(ReadLogs(layout, "web-1", request).error().code, Code::kInvalid);
  request.step = "";
  request.process = "worker";
  const Result<std::string> missing = ReadLogs(layout, "web-1", request);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("\"worker\" on web-1; it has: web"));
  request.application = "nope";
  for (const char* process : {"", "worker"}) {
    request.process = process;
    EXPECT_EQ(ReadLogs(layout, "web-1", request).error().message,
              "application nope does not run on web-1");
  }
}

}  // namespace
}  // namespace slipway::agent
