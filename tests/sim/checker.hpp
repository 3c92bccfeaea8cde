#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/fleet.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/runtime/cache.hpp"
#include "reconciler/runtime/effect.hpp"
#include "tests/sim/api.hpp"
#include "tests/sim/cloud.hpp"
#include "tests/sim/git.hpp"
#include "tests/sim/host.hpp"

namespace slipway::sim {

/// A broken promise. The message begins with the number of the invariant.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What identifies bytes and configuration.
using Release = std::pair<std::string, std::string>;  ///< commit, hash

/// Watches the store, the effects and the servers, and throws a Violation where an invariant is broken. It shares no code with
/// the planners. Everything is in one namespace here, so names are enough.
class Checker final : public HostObserver {
 public:
  Checker(const Loop& loop, const FakeGit& git, const FakeCloud& cloud)
      : loop_(loop), git_(git), cloud_(cloud) {}

  void OnStoreEvent(const StoreEvent& event);

  /// Something has happened, whatever it was.
  void OnStep(const std::map<std::string, std::unique_ptr<Host>>& hosts);  // checker_launches.cpp

  /// A provider is about to hear this: so late, news may have come that the plan did not know of.
  void OnLetIn(const runtime::CompleteLaunch& launch) const;  // checker_launches.cpp

  /// What the controllers are about to do, and the cache that the plan was made from.
  void OnEffect(const runtime::Effect& effect, const runtime::Cache& cache);

  /// The controllers are about to hear an answer.
  void OnOutsideAnswer(const runtime::Outside& work, const runtime::OutsideResult& result);

  void OnJournal(const Host& host, const host::Journal& before,
                 const host::Journal& after) override;
  void OnBegin(const Host& host, const host::Action& action) override;
  void OnEnd(const Host& host, const host::Action& action, const host::Finished& finished) override;

  /// A new life of the control plane: what it had in flight will never come.
  void OnRestart();  // checker_cloud.cpp

  /// Machines went down by themselves, so that a good release may have been measured as bad.
  void OnReboot() { rebooted_ = true; }

  /// When the workload and the faults have ended and everything had time to settle.
  void AtTheEnd(const std::map<std::string, std::unique_ptr<Host>>& hosts) const;

  const std::map<std::string, api::Application>& applications() const { return applications_; }
  const std::map<std::string, api::Rollout>& rollouts() const { return rollouts_; }
  /// Whether the rollout is of the application of its name that is there now, and not left behind by an earlier one.
  bool HasApplication(const api::Rollout& rollout) const;
  const std::map<std::string, api::Server>& servers() const { return servers_; }
  const std::map<std::string, api::Fleet>& fleets() const { return fleets_; }

  /// By "rollout/wave": the servers that ever had its intent.
  const std::map<std::string, std::set<std::string>>& taken() const { return taken_; }

  /// When the controllers or the gateway last changed anything.
  MonoTime last_write() const { return last_write_; }
  std::size_t promotions() const { return promotions_; }

  /// A person has meddled with this application: it may rest elsewhere than at the newest commit.
  void Excuse(const std::string& application) { excused_.insert(application); }

 private:
  // checker_store.cpp: what becomes durable
  void OnApplication(const StoreEvent& event);
  void OnRollout(const StoreEvent& event);
  void OnServer(const StoreEvent& event);
  void OnTestRun(const StoreEvent& event);
  void CheckNewRollout(const api::Rollout& rollout, Writer writer);
  void CheckRolloutStep(const api::Rollout& before, const api::Rollout& after, Writer writer);
  void CheckWave(const api::Rollout& before, const api::Rollout& after);
  void CheckCause(const api::Rollout& after);
  bool HasPassedGate(const api::Rollout& rollout) const;
  /// Of an application, by uid.
  void CheckDescent(const std::string& application, const api::Rollout& rollout) const;
  void CheckOneActive(const std::string& application) const;
  void CheckIntent(const api::Server& server, const api::Intent* before, const api::Intent& after);
  void CheckPromotion(const api::Application& before, const api::Application& after);

  // checker_cloud.cpp: who leaves a fleet
  void OnFleet(const StoreEvent& event);
  void CheckRemoval(const api::Server& server, Writer writer);
  void CheckMassRemoval(const api::Fleet& before, const api::Fleet& after) const;
  void CheckMachines() const;

  // checker_launches.cpp: who is let in
  void CheckLetIn(const runtime::CompleteLaunch& launch, const runtime::Cache& cache) const;
  void CheckHealthy(const std::string& server, const std::string& application,
                    const api::ReleaseRef& stable) const;
  void CheckWaveOn(const api::Server& server, const api::Intent* before,
                   const api::Intent& after) const;
  void CheckLaunchesAtRest(const std::map<std::string, std::unique_ptr<Host>>& hosts) const;
  bool HasWhatWasPromoted(const api::Server& server, const Host& host) const;

  // checker_plans.cpp: what is about to be done, by what the planner could know
  void CheckBudget(const api::Server& wanted, const runtime::Cache& cache);
  void CheckVerdict(const runtime::WriteStatus& write, const runtime::Cache& cache);
  void ForgetPending(const runtime::WriteStatus& write, const runtime::Cache& cache);
  void CheckName(const runtime::Create& create, const runtime::Cache& cache) const;

  // checker_garbage.cpp: what is collected
  void OnObject(const StoreEvent& event);
  nlohmann::json FindOwner(const nlohmann::json& owner) const;
  void CheckCollected() const;

  // checker_end.cpp
  void CheckEnded() const;
  void CheckServersAtRest(const std::map<std::string, std::unique_ptr<Host>>& hosts) const;
  void CheckNewestCommit(const api::Application& application) const;

  const Loop& loop_;
  const FakeGit& git_;
  const FakeCloud& cloud_;

  std::map<Key, Bytes> stored_;

  // The store, decoded.
  std::map<std::string, api::Application> applications_;
  std::map<std::string, api::Rollout> rollouts_;
  std::map<std::string, api::Server> servers_;
  std::map<std::string, api::TestRun> test_runs_;
  std::map<std::string, api::Fleet> fleets_;

  // What happened.
  std::map<std::string, std::map<std::int64_t, Release>>
      numbers_;  ///< by uid of the application: the rollouts that there ever were
  /// By uid of the application: what was promoted last of what is followed. An undo is none of it, and may go to what a rewritten
  /// history has left behind.
  std::map<std::string, Commit> followed_;
  std::set<std::pair<std::string, std::string>> test_runs_of_;  ///< uid of the rollout, and name
  std::map<std::string, std::set<Release>> failed_;    ///< by application: measured, and bad
  std::map<std::string, std::set<Release>> promoted_;  ///< by application
  /// By application: release and template (canonical JSON) whose gate has passed on a server.
  std::map<std::string, std::set<std::pair<Release, std::string>>> passed_gate_;
  std::map<std::string, std::set<Release>> may_run_;  ///< by application
  std::set<std::string> succeeded_somewhere_;  ///< rollouts with a server that measured success
  std::set<std::string>
      failed_somewhere_;  ///< rollouts with a server or gate that measured failure
  std::map<std::string, std::int64_t> suites_passed_;  ///< by uid of the test run
  std::map<std::string, std::set<std::pair<std::string, std::int64_t>>>
      attempts_;  ///< by uid of the server and application
  std::map<std::pair<std::string, std::int64_t>, MonoTime> wave_began_;  ///< by uid of the rollout
  std::map<std::string, std::string> configurations_;                    ///< by hash
  std::map<std::string, std::set<std::string>> taken_;
  /// In how many complete listings in a row a server was missing: now, and before the last listing, which removals on their way
  /// may not have heard of.
  struct Absent {
    int listings = 0;
    int before = 0;
  };
  std::map<std::string, Absent> absent_;   ///< by server
  std::set<std::string> said_terminated_;  ///< by the last answer that named them
  std::set<std::string> announced_;        ///< servers that their fleet said are being removed
  /// By "server/application": the releases that were seen healthy there while it joined, and when last.
  std::map<std::string, std::map<Release, MonoTime>> seen_healthy_;
  /// By application: when it came to mean other servers, or something else was promoted.
  std::map<std::string, MonoTime> turned_;
  std::map<Key, api::Server> pending_;  ///< servers as patches on their way leave them
  std::set<std::string> excused_;
  MonoTime last_write_;
  std::size_t promotions_ = 0;
  bool rebooted_ = false;
};

/// The counts that a strategy means for `total` servers: as the design says, written down a second time.
std::int64_t BudgetOf(const api::IntOrPercent& value, std::int64_t total, std::int64_t least);

/// Whether an application (or gate) means this server. Labels with matchLabels only.
bool Means(const api::ServerSelection& selection, const api::Server& server);

}  // namespace slipway::sim
