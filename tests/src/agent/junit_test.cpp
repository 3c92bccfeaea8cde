#include "src/agent/junit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "src/agent/text.hpp"
#include "tests/src/agent/support.hpp"

namespace slipway::agent {
namespace {

using test::Directory;
using test::WriteText;
using ::testing::HasSubstr;

TEST(Junit, CountsCasesOfAllFilesAndNamesTheBadOnes) {
  const Directory directory;
  WriteText(directory / "reports/a.xml",
            R"(<?xml version="1.0"?><testsuites><testsuite name="s" tests="99">
    <testcase classname="Math" name="adds"/>
    <testcase classname="Math" name="divides"><failure message="1 != 2">trace</failure></testcase>
    <testcase name="waits"><skipped/></testcase></testsuite></testsuites>)");
  WriteText(directory / "reports/b.xml",
            R"(<testsuite><testcase name="crashes"><error>boom</error></testcase></testsuite>)");
  WriteText(directory / "reports/c.txt", "not a report");
  const JunitReply reply =
      ReadJunit({.directory = directory.path(), .pattern = "reports/*.xml", .suite = "unit"});
  EXPECT_EQ(reply.error, "");
  EXPECT_EQ(reply.files, 2);
  EXPECT_EQ(reply.tests, 4);
  EXPECT_EQ(reply.failures, 1);
  EXPECT_EQ(reply.errors, 1);
  EXPECT_EQ(reply.skipped, 1);
  ASSERT_EQ(reply.cases.size(), 2U);
  EXPECT_EQ(reply.cases[0].name, "Math.divides");
  EXPECT_EQ(reply.cases[0].message, "1 != 2");
  EXPECT_EQ(reply.cases[1].message, "boom");
  EXPECT_EQ(reply.cases[1].suite, "unit");
}

TEST(Junit, EverythingIsBounded) {
  const Directory directory;
  std::string text = "<testsuite>";
  for (int i = 0; i < 500; ++i) {
    text += "<testcase name='" + std::string(2'000, 'n') + "'><failure message='" +
            std::string(9'000, 'm') + "'/></testcase>";
  }
  WriteText(directory / "r.xml", text + "</testsuite>");
  const JunitReply reply =
      ReadJunit({.directory = directory.path(), .pattern = "r.xml", .suite = "s"});
  EXPECT_EQ(reply.failures, 500);
  ASSERT_EQ(reply.cases.size(), 100U);
  EXPECT_LE(reply.cases[0].name.size(), 512U);
  EXPECT_LE(reply.cases[0].message.size(), 1'024U);
}

TEST(Junit, HostileFilesAreSurvived) {
  const Directory directory;
  std::string deep;
  for (int i = 0; i < 50'000; ++i) {
    deep += "<testsuite>";
  }
  WriteText(directory / "deep.xml", deep);
  WriteText(directory / "bomb.xml",
            R"(<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
    <testsuite><testcase name="&b;"/></testsuite>)");
  ASSERT_EQ(::symlink("/etc/passwd", (directory / "link.xml").c_str()), 0);
  WriteText(directory / "good.xml", "<testsuite><testcase name='x'/></testsuite>");
  const JunitReply reply =
      ReadJunit({.directory = directory.path(), .pattern = "*.xml", .suite = "s"});
  EXPECT_EQ(reply.tests, 2);
  EXPECT_THAT(reply.error, HasSubstr("deep.xml"));
  for (const std::string pattern : {"../*", "/etc/*", ""}) {
    EXPECT_EQ(ReadJunit({.directory = directory.path(), .pattern = pattern, .suite = "s"}).files, 0)
        << pattern;
  }
}

TEST(Junit, TheHelperAnswersAlsoToNonsense) {
  std::istringstream in("nonsense");
  std::ostringstream out;
  EXPECT_EQ(RunJunit(in, out), 0);
  const Result<JunitReply> reply = DecodeJunitReply(out.str());
  ASSERT_TRUE(reply);
  EXPECT_NE(reply.value().error, "");
}

host::Finished Suite(host::Outcome outcome, const std::string& message) {
  host::Finished finished;
  finished.outcome = outcome;
  finished.message = message;
  finished.suite = api::SuiteResult{};
  return finished;
}

TEST(Junit, AReportDecidesTogetherWithTheExitCode) {
  host::Finished finished = Suite(host::Outcome::kSucceeded, "");
  AddCases(JunitReply{.files = 1, .tests = 3}, "*.xml", finished);
  EXPECT_EQ(finished.outcome, host::Outcome::kSucceeded);
  EXPECT_EQ(finished.suite->tests, 3);
  AddCases(JunitReply{.files = 1, .tests = 3, .failures = 1}, "*.xml", finished);
  EXPECT_EQ(finished.outcome, host::Outcome::kFailed);
  EXPECT_EQ(finished.message, "1 case of 3 failed");
  finished = Suite(host::Outcome::kSucceeded, "");
  AddCases(JunitReply{}, "reports/*.xml", finished);
  EXPECT_EQ(finished.outcome, host::Outcome::kFailed);
  EXPECT_THAT(finished.message, HasSubstr("nothing matches reports/*.xml"));
  finished = Suite(host::Outcome::kFailed, "exited with code 1");
  AddCases(JunitReply{}, "reports/*.xml", finished);
  EXPECT_EQ(finished.message, "exited with code 1");
  AddCases(Fail(Code::kUnavailable, "no helper"), "*.xml", finished);
  EXPECT_EQ(finished.outcome, host::Outcome::kFailed);
  finished = Suite(host::Outcome::kSucceeded, "");
  AddCases(Fail(Code::kUnavailable, "no helper"), "*.xml", finished);
  EXPECT_EQ(finished.outcome, host::Outcome::kInterrupted);
}

}  // namespace
}  // namespace slipway::agent
