#include "src/cloud/exec/exec_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// A real shell prints the lists; a provider that misbehaves is an error with a reason, never a short list.
namespace slipway::cloud {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class ExecTest : public ::testing::Test {
 protected:
  Result<std::vector<runtime::ListedServer>> List(const std::string& run,
                                                  Duration timeout = Duration(30'000)) {
    ExecCloud cloud(runner_, {run}, [this](const std::string& program, const std::string& text) {
      complaint_ = program + ": " + text;
    });
    api::Provider provider;
    provider.exec = api::ExecProvider{.run = run, .timeout = timeout};
    return cloud.List(provider, {});
  }

  /// The reason and the message.
  std::string Trouble(const std::string& run, Duration timeout = Duration(30'000)) {
    const auto listed = List(run, timeout);
    EXPECT_FALSE(listed.has_value());
    return listed.has_value() ? ""
                              : runtime::ReasonOf(listed.error()) + ": " + listed.error().message;
  }

  process::PosixProcessRunner runner_;
  std::string complaint_;
};

TEST_F(ExecTest, ListsWhatTheProgramPrints) {
  const auto listed = List(R"(echo {"servers":[{"name":"web-1"},{"name":"web-2"}]})");
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_THAT(listed.value(), SizeIs(2));
}

TEST_F(ExecTest, OnlyProgramsThatAreAllowedAreRun) {
  ExecCloud cloud(runner_, {"inventory --prod"}, nullptr);
  api::Provider provider;
  provider.exec = api::ExecProvider{.run = "inventory --prod --delete"};
  const auto listed = cloud.List(provider, {});
  ASSERT_FALSE(listed.has_value());
  EXPECT_EQ(runtime::ReasonOf(listed.error()), "NotAllowed");
  EXPECT_THAT(listed.error().message, HasSubstr("--allow-inventory 'inventory --prod --delete'"));
}

TEST_F(ExecTest, NoShellReadsTheArguments) {
  EXPECT_THAT(Trouble("echo $(id) ; id"), HasSubstr("ListInvalid: echo prints what is no list"));
}

TEST_F(ExecTest, EachTroubleHasAReason) {
  EXPECT_THAT(Trouble("no-such-program-here"), HasSubstr("NotFound: no-such-program-here"));
  EXPECT_THAT(Trouble("false"), HasSubstr("ListFailed: false ended with exit code 1;"));
  EXPECT_EQ(complaint_, "") << "it says nothing";
  EXPECT_THAT(Trouble("sleep 60", Duration(100)),
              HasSubstr("Timeout: sleep took longer than 100ms"));
  EXPECT_THAT(Trouble("yes"), HasSubstr("ListInvalid: yes prints more than 32 MiB"));
  EXPECT_THAT(Trouble(R"(echo {"servers":[{"name":"web-1"})"), HasSubstr("ListInvalid"));
}

TEST_F(ExecTest, WhatAProgramComplainsOfIsInNoError) {
  EXPECT_THAT(Trouble("cat /no/such/file"), Not(HasSubstr("/no/such/file")));
  EXPECT_EQ(complaint_, "cat /no/such/file: cat: /no/such/file: No such file or directory\n");
}

}  // namespace
}  // namespace slipway::cloud
