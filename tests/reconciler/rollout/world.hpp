#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/application/application_planner.hpp"
#include "reconciler/rollout/rollout_planner.hpp"

namespace slipway::rollout::testing {

/// What an agent makes of a release.
enum class Fate : std::uint8_t {
  kGood,
  kBadInstall,   ///< fails before anything is stopped
  kUnhealthy,    ///< is switched to, and never becomes healthy
  kInterrupted,  ///< the agent dies on the way
  kHangs,        ///< goes on for ever
};

/// Commit number `n` as 40 digits, and back.
Commit CommitOf(int n);
int NumberOf(const Commit& commit);

/// One application, "shop", with its repository, rollouts, test runs and servers, all in memory, and the planners applied to
/// them as the engine does: a changed status is written and the actions are dropped. Agents are simulated step by step. Every
/// write is checked against the invariants; what breaks one is in `violations`.
class World {
 public:
  explicit World(int servers);

  // --- What a test sets up.
  api::Application app;
  api::GitRepository repository;
  std::map<std::int64_t, api::Rollout> rollouts;
  std::map<std::string, api::TestRun> test_runs;
  std::map<std::string, api::Server>
      servers;  ///< of fleet "web", and "gate-1", "gate-2" of "integration"
  std::function<Fate(const std::string& server, int commit, int attempt)> fate;
  std::function<api::Outcome(int commit)> gate_result;
  std::map<int, int>
      parents;  ///< of commits with a history; all others descend from whatever is asked
  bool settled = true;
  std::string manifest;
  std::optional<Error> resolve_error;
  std::set<std::string> refused;  ///< servers to which every write is refused

  /// Adds a gate on fleet "integration".
  void AddGate();
  void Push(int commit);
  void AddServer(const std::string& name, const std::string& fleet = "web");
  void RemoveServer(std::string name);
  /// What only the process knew is gone: a restart.
  void Forget();
  void SetReachable(const std::string& server, bool reachable);
  /// Brings a release to every server, as if it had been promoted by rollout `number`.
  void Promote(int commit, std::int64_t number = 1);
  /// What a person does: the next rollout, with the release and template of another.
  std::int64_t Repeat(std::int64_t number, bool hold);

  // --- What happens.
  /// Plans until something is written; false where nothing is to be written.
  bool Step();
  /// Plans one of the `keys()` objects: the application, then rollouts, then test runs.
  std::size_t keys() const { return 1 + rollouts.size() + test_runs.size(); }
  bool StepKey(std::size_t key);
  /// Every reachable agent makes one step; false where none has any to make.
  bool StepAgents();
  /// One agent makes one step; false where it has none to make.
  bool StepAgent(const std::string& server);
  bool StepGate(const std::string& server);
  void Pass(Duration time);
  /// Planners and agents go on, and time passes where planners wait for it, until nothing changes or `limit` has passed.
  void Run(Duration limit = std::chrono::hours(24));
  /// Only planners.
  void Settle();
  /// Runs until `holds`; a failed test where it never does.
  void RunUntil(const std::function<bool()>& holds);

  // --- What a test looks at.
  const api::Rollout& rollout(std::int64_t number) const { return rollouts.at(number); }
  const api::RolloutStatus& status(std::int64_t number) const { return rollouts.at(number).status; }
  api::RolloutPhase phase(std::int64_t number) const { return status(number).phase; }
  /// Number of the commit that runs; 0: nothing.
  int RunningOn(const std::string& server) const;
  std::map<int, int> CountByCommit() const;
  std::vector<std::string> WithIntentOf(std::int64_t number) const;
  const api::Intent* IntentOn(const std::string& server) const;
  api::ServerRelease* ReportOn(const std::string& server);
  Plan PlanOf(std::int64_t number);
  std::vector<std::string> violations;
  std::vector<std::string> log;  ///< one line for each write
  int most_down = 0;             ///< the most servers that were ever out of service at once
  Duration time{0};

 private:
  bool Descends(const Commit& head, const Commit& ancestor) const;
  void WriteStatus(std::int64_t number, const api::RolloutStatus& status);
  bool PlanTheApplication();
  bool PlanARollout(api::Rollout& rollout);
  bool PlanATestRun(api::TestRun& run);
  bool Apply(const AssignIntent& action);
  void Apply(const CreateTestRun& action, const api::Rollout& rollout);
  bool Apply(const application::Action& action);
  void CheckTaking(const AssignIntent& action);
  void CheckTransition(const api::Rollout& before, const api::RolloutStatus& after);
  void CheckAlways();
  void Violated(std::string what);
  api::ServerRelease& TruthOn(const std::string& server);
  void Report(const std::string& server);
  bool Advance(const std::string& server, const api::Intent& intent);

  std::map<std::string, ServerFacts> facts_;
  std::vector<ServerView> Views(const std::string& fleet);
  std::map<std::string, api::ServerRelease> truth_;  ///< what is, whether or not it was reported
  std::map<std::string, Duration> elapsed_;          ///< since the status of a key was written
  std::optional<Duration> wake_;
  std::optional<application::Answer> answer_;
  std::optional<application::PinState> pin_;
  std::map<std::string, Commit> pins_;
  std::set<std::string> names_;  ///< of rollouts that ever were
};

}  // namespace slipway::rollout::testing
