#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/host/planner.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/git.hpp"
#include "tests/sim/link.hpp"
#include "tests/sim/loop.hpp"

namespace slipway::sim {

class Host;

/// Hears what really happens on the servers.
class HostObserver {
 public:
  virtual ~HostObserver() = default;
  virtual void OnJournal(const Host& host, const host::Journal& before,
                         const host::Journal& after) = 0;
  virtual void OnBegin(const Host& host, const host::Action& action) = 0;
  virtual void OnEnd(const Host& host, const host::Action& action,
                     const host::Finished& finished) = 0;
};

/// What a server lives in. All references outlive it.
struct Surroundings {
  Loop& loop;
  Rng& rng;
  const Faults& faults;
  const FakeGit& git;
  HostObserver& observer;
  /// A session for this server; nullptr: nobody answers, or nobody wants it now.
  std::function<std::shared_ptr<Link>(Host&, const protocol::Hello&)> connect;
};

/// One machine with its agent: the real planner of the agent around a disk, processes and steps that are made up. Machine and
/// processes outlive the agent; the journal outlives both.
class Host {
 public:
  Host(Surroundings surroundings, std::string name);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const std::string& name() const { return name_; }
  /// Of the agent's key.
  static std::string KeyHash() { return std::string(64, 'a'); }
  const host::Journal& journal() const { return journal_; }

  /// The agent starts, for the first time or again.
  void Start();
  /// The agent dies; its processes live on. It starts again by itself after a while.
  void CrashAgent();
  /// The machine goes down and comes up again.
  void Reboot();
  /// Nobody reaches it until SetReachable(true); the agent goes on.
  void SetReachable(bool reachable);
  bool reachable() const { return reachable_; }
  bool running() const { return agent_ != nullptr; }

  /// Whether every process of the application runs this release and passes its checks; for the checker.
  bool IsHealthyOn(const std::string& application, const host::ReleaseId& id) const;

  /// How many assignments were accepted that asked for something new.
  std::uint64_t assignments() const { return assignments_; }

 private:
  void Kick();
  void Turn();
  void Act(const host::HostPlan& plan);
  void Begin(const host::Action& action);
  void Finish(const host::Action& action);
  host::Finished OutcomeOf(const host::Action& action);
  void Apply(const host::Action& action, host::Outcome outcome);
  void StartProcesses(host::Observed& observed, const host::ReleaseId& id,
                      const api::ReleaseTemplate& config);
  void Observe();
  void ObserveProcess(const std::string& owner, bool is_test, host::ObservedProcess& process);
  bool BehavesBadly(const host::ReleaseId& id, bool is_test, MonoTime began) const;
  Duration LengthOf(const host::Action& action);
  void Report(const host::HostPlan& plan);
  void SendReport();
  void Connect();
  void Disconnect();

  Surroundings world_;
  std::string name_;

  // The machine.
  bool reachable_ = true;
  std::map<std::string, host::Observed> applications_;
  std::map<std::string, host::Observed> tests_;
  std::map<std::string, MonoTime> began_;     ///< by owner and process
  std::map<std::string, std::string> roots_;  ///< where it was fetched to, by owner and directory
  host::Journal journal_;

  // The agent's memory.
  std::unique_ptr<Process> agent_;
  MonoTime agent_began_;
  std::optional<host::Wanted> wanted_;
  std::optional<host::ActionId> active_;
  std::optional<host::Finished> finished_;
  bool kicked_ = false;
  std::uint64_t wake_ = 0;
  std::optional<protocol::Report> report_;
  std::int64_t sequence_ = 0;
  std::int64_t acknowledged_ = 0;
  std::int64_t sent_ = 0;
  std::shared_ptr<Link> link_;
  int failures_ = 0;  ///< to connect, in a row

  std::uint64_t assignments_ = 0;
};

}  // namespace slipway::sim
