#include <unistd.h>

#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// Programs that print credentials: real ones, run by a real runner.
namespace slipway::cloud::aws {
namespace {

using ::testing::HasSubstr;

class CredentialProcessTest : public AwsTest {
 protected:
  void Run(const std::string& command) {
    Write(".aws/config", "[default]\ncredential_process = " + command + "\n");
  }
  void Print(const std::string& json) { Run("cat '" + Write("a file.json", json) + "'"); }
};

TEST_F(CredentialProcessTest, WhatItPrintsIsTaken) {
  Print(R"({"Version":1,"AccessKeyId":"AKIDPROC","SecretAccessKey":"hush","SessionToken":"hush-t",
            "Expiration":"2026-11-26T02:00:00+01:00"})");
  const auto found = Chain().Get();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found.value(), (Credentials{.key_id = "AKIDPROC",
                                        .secret = "hush",
                                        .session_token = "hush-t",
                                        .expires = In(std::chrono::hours(1)),
                                        .source = "credential_process of profile \"default\""}));
}

TEST_F(CredentialProcessTest, KeysThatNeverEndNeedNoTokenAndNoTime) {
  Print(R"({"Version":1,"AccessKeyId":"AKIDPROC","SecretAccessKey":"hush"})");
  EXPECT_EQ(Chain().Get().value().expires, std::nullopt);
}

TEST_F(CredentialProcessTest, ItsArgumentsAreSplitAsAShellDoes) {
  const std::string path = Write("show", "#!/bin/sh\nprintf '%s|' \"$@\" >\"$HOME/seen\"\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  Run(path + R"( a  "b c" 'd "e' f\ g "h\"i\j" '' $HOME;x)");
  EXPECT_THAT(Trouble(), HasSubstr("prints no JSON object"));
  std::string seen;
  const auto shown = ReadProfiles(Home("seen"), FileKind::kConfig);
  EXPECT_FALSE(shown.has_value()) << "it is there, and no config file";
  const auto compared = [&](const std::string& wanted) {
    Write("wanted", wanted);
    return processes_
        .Run({.argv = {"cmp", Home("seen"), Home("wanted")},
              .env = {},
              .input = "",
              .working_directory = "",
              .output_file = ""})
        .value()
        .succeeded();
  };
  EXPECT_TRUE(compared(R"(a|b c|d "e|f g|h"i\j||$HOME;x|)"));
}

TEST_F(CredentialProcessTest, EachTroubleIsToldWithoutWhatItWrote) {
  const std::string wrong_version = "prints no JSON object with \"Version\": 1";
  const std::vector<std::pair<std::string, std::string>> printed = {
      {"hush", wrong_version},
      {"[]", wrong_version},
      {R"({"Version":2,"AccessKeyId":"hush"})", wrong_version},
      {R"({"Version":"1","AccessKeyId":"hush"})", wrong_version},
      {R"({"Version":1,"Code":"hush","Message":"hush"})", "the answer has no AccessKeyId"},
      {R"({"Version":1,"AccessKeyId":"hush"})", "the answer has no SecretAccessKey"},
      {R"({"Version":1,"AccessKeyId":["hush"],"SecretAccessKey":1})",
       "the answer has no AccessKeyId"},
      {R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush","SessionToken":7})",
       "the answer has no SessionToken"},
      {R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"hush"})",
       "the Expiration in the answer is no time"},
      {R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"2026-11-25T00:00:00Z"})",
       "ended at 2026-11-25T00:00:00Z"},
      {R"({"Version":1,"AccessKeyId":"A\nB","SecretAccessKey":"hush"})", "holds a space"},
  };
  for (const auto& [json, says] : printed) {
    Print(json);
    EXPECT_THAT(Trouble(), HasSubstr(says)) << json;
  }
  const std::vector<std::pair<std::string, std::string>> commands = {
      {"sh -c 'echo hush; echo hush >&2; exit 3'",
       "the program of profile \"default\" ended with exit code 3. Run it by hand"},
      {"sh -c 'kill -9 $$ # hush'", "was ended by signal 9"},
      {"yes hush", "prints more than 64 KiB"},
      {"HUSH=hush sh",
       "the program of profile \"default\" is not there: correct credential_process"},
      {"/tmp", "the program of profile \"default\" cannot be started"},
      {"sh -c 'hush", "has a quote that is not closed"},
      {"sh hush\\", "has a quote that is not closed"},
  };
  for (const auto& [command, says] : commands) {
    Run(command);
    EXPECT_THAT(Trouble(), HasSubstr(says)) << command;
  }
}

}  // namespace
}  // namespace slipway::cloud::aws
