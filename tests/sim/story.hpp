#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tests/sim/simulation.hpp"

namespace slipway::sim {

/// One scenario being played: the world, and everything that happens to it.
class Story final : public PlaneObserver {
 public:
  Story(const Scenario& scenario, const Options& options);
  ~Story() override;

  Outcome Play();

  // PlaneObserver
  void OnEffect(const runtime::Effect& effect, const runtime::Cache& cache) override;
  bool MayGoOn(const runtime::Effect& effect) override;
  bool MayCollect(const garbage::Step& step) override;
  void OnLetIn(const runtime::CompleteLaunch& launch) override;
  bool OnOutsideDone(const runtime::Outside& work) override;
  void OnOutsideAnswer(const runtime::Outside& work, const runtime::OutsideResult& result) override;

 private:
  // story.cpp: the world
  void Begin();
  void Run(MonoTime until);
  void Settle();
  void OnStoreEvent(const StoreEvent& event);
  void AddHosts(const StoreEvent& event);
  void AddHost(const std::string& name);
  void Claim(Host& host);
  void StartPlane();
  /// For `length`; zero: for a while.
  void CrashPlane(Duration length = Duration(0));
  bool AtCrashPoint();
  bool SurvivesEffect();
  void CheckBounds() const;
  void CheckExpectations() const;
  void Trace(const std::string& line);
  std::map<std::string, std::string> EndState() const;

  // deeds.cpp: what people do, and what befalls the world
  void Schedule(const Step& step);
  void Do(const Step& step);
  void DoToObject(const Step& step);
  void DoToRollout(const Step& step);
  void DoToHost(const Step& step);
  void DoToMachine(const Step& step);
  void ConfirmRemoval(const std::string& fleet);
  void MakeNext(const Step& step);
  const api::Rollout* NewestRollout(const std::string& application) const;
  void ScheduleFaults();
  void Repeat(Duration mean, const std::function<void()>& fault);
  Host* AnyHost();
  void VanishForAWhile(Host& host);
  void CalmDown();

  const Scenario& scenario_;
  const Options& options_;
  Faults faults_;
  Rng rng_;
  Loop loop_;
  FakeGit git_;
  FakeCloud cloud_;
  FakeApi api_;
  Checker checker_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
  std::unique_ptr<ControlPlane> plane_;
  bool calm_ = false;
  std::uint64_t crash_points_ = 0;
  MonoTime last_deed_;  ///< what the world does needs its time to be noticed
  Outcome outcome_;
};

}  // namespace slipway::sim
