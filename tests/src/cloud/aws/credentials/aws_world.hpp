#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "src/cloud/aws/credentials/credential_chain.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::cloud::aws {

/// Every secret in these tests holds this word, so one look at a message finds any of them.
inline constexpr const char* kHush = "hush";

/// Fails the test where a message holds a secret; gives it back.
const std::string& WithoutSecrets(const std::string& message);

/// What an instance, a container or STS answers.
rest::Response Answers(int status, std::string body);

/// Credentials as instances and containers give them.
std::string JsonCredentials(const std::string& id, const std::string& expires);

/// Credentials as STS gives them.
std::string StsCredentials(const std::string& id, const std::string& expires);

/// An error as STS says it.
std::string StsTrouble(const std::string& code, const std::string& message);

/// A network where nothing is but what a test puts there. Thread-safe.
class FakeClient final : public rest::Client {
 public:
  using Server = std::function<Result<rest::Response>(const rest::Request&)>;

  Result<rest::Response> Send(const rest::Request& request) override;

  /// Who answers to "METHOD URL"; for a later call with the same one, instead of the first.
  void On(const std::string& method_and_url, Server server);
  void On(const std::string& method_and_url, const rest::Response& response);

  std::vector<rest::Request> requests() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Server> servers_;
  std::vector<rest::Request> requests_;
};

/// A machine with a home folder of its own, and nothing in it.
class AwsTest : public ::testing::Test {
 protected:
  AwsTest();
  ~AwsTest() override;

  /// Writes a file in the home folder, such as ".aws/config"; gives its path.
  std::string Write(const std::string& name, const std::string& text);
  std::string Home(const std::string& name) const { return home_ / name; }

  Doors doors() {
    return {.web = web_, .metadata = metadata_, .processes = processes_, .clock = clock_};
  }
  CredentialChain Chain() {
    return CredentialChain(
        doors(), {.environment = environment_, .region = "", .profile = profile_, .sts = sts_});
  }

  /// Where a new chain finds credentials; empty, and a failed test, where it finds none.
  std::string SourceOf();

  /// Why a new chain finds none. Looks for secrets in it.
  std::string Trouble();

  /// Makes this machine an instance with a role.
  void BeInstance(const std::string& role, const std::string& credentials);

  Time In(Duration later) const { return clock_.Now() + later; }

  std::filesystem::path home_;
  Environment environment_;
  std::string profile_;
  TestClock clock_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)};
  FakeClient web_;
  FakeClient metadata_;
  process::PosixProcessRunner processes_;
  StsCalls sts_{.state = std::make_shared<CallState>(clock_, 7,
                                                     [this](Duration length) {
                                                       clock_.mono.since_start += length;
                                                       return true;
                                                     }),
                .limits = {}};
};

}  // namespace slipway::cloud::aws
