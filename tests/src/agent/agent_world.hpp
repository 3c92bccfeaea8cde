#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/src/agent/fake_gateway.hpp"
#include "tests/src/agent/support.hpp"

namespace slipway::agent::test {

/// One real agent, one gateway, one repository with an application whose steps the test can hold.
class AgentWorld : public ::testing::Test {
 protected:
  AgentWorld();
  ~AgentWorld() override;

  /// Starts the agent and waits until it is connected (unless told not to).
  void StartAgent(bool wait = true);

  /// kill -9, and waits for its end.
  void KillAgent();

  /// Commits a text as VERSION, which the application shows.
  Commit Push(const std::string& version);

  protocol::ReleaseAssignment Wanted(const std::string& rollout, std::int64_t number,
                                     const Commit& commit) const;
  protocol::TestAssignment WantedTest(const std::string& name, const Commit& commit) const;

  /// Assigns a release and waits until its attempt has ended so.
  void Roll(const std::string& rollout, std::int64_t number, const Commit& commit,
            api::Outcome outcome = api::Outcome::kSucceeded);

  /// Waits until the newest report says that this attempt has ended.
  bool Ended(const std::string& rollout, std::int64_t number) const;
  api::ServerRelease Release() const;  ///< of "shop", in the newest report

  /// Lets the step with this name go on (or not): the application's commands wait for it.
  void Hold(const std::string& step);
  void LetGo(const std::string& step);
  bool Reached(const std::string& step) const;

  /// How often a step of the application was begun.
  int Begun(const std::string& step) const;

  /// The process of the application that runs now; 0 where none does.
  pid_t Application() const;
  std::string AppRoot() const { return directory / "agent/apps/shop"; }
  std::string AgentLog() const;

  Directory directory;
  git::test::Repository repository;
  FakeGateway gateway;
  std::unique_ptr<Process> agent;
  api::ReleaseTemplate config;  ///< of the next Wanted()
  std::string name = "web-1";
};

}  // namespace slipway::agent::test
