#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "reconciler/rollout/intent.hpp"
#include "tests/sim/story.hpp"

// What people do, and what befalls the world.
namespace slipway::sim {
namespace {

using Json = nlohmann::json;

}  // namespace

void Story::Schedule(const Step& step) {
  for (int time = 0; time < step.times; ++time) {
    loop_.At(MonoTime{step.at + time * step.every}, [this, &step] { Do(step); });
  }
}

void Story::Do(const Step& step) {
  last_deed_ = loop_.Mono();
  Trace("deed " + std::to_string(static_cast<int>(step.deed)) + " " + step.target);
  switch (step.deed) {
    case Deed::kPush:
    case Deed::kForcePush:
      git_.Push(step.target, step.behaviour, step.deed == Deed::kForcePush);
      return;
    case Deed::kRewind:
      return git_.Rewind(step.target);
    case Deed::kRemoteDown:
    case Deed::kRemoteUp:
      git_.reachable = step.deed == Deed::kRemoteUp;
      return;
    case Deed::kMerge:
    case Deed::kCreate:
    case Deed::kDelete:
      return DoToObject(step);
    case Deed::kPause:
    case Deed::kResume:
    case Deed::kAbort:
    case Deed::kPromote:
      return DoToRollout(step);
    case Deed::kRetry:
    case Deed::kUndo:
      return MakeNext(step);
    case Deed::kVanish:
    case Deed::kReturn:
    case Deed::kCrashAgent:
    case Deed::kReboot:
      return DoToHost(step);
    case Deed::kLaunch:
    case Deed::kTerminate:
    case Deed::kJoin:
      return DoToMachine(step);
    case Deed::kStandBy:
      return cloud_.StandBy(step.target);
    case Deed::kServe:
      return cloud_.Serve(step.target);
    case Deed::kConfirm:
      return ConfirmRemoval(step.target);
    case Deed::kCrashServer:
      return CrashPlane(step.length);
    case Deed::kPauseServer:
      if (plane_ != nullptr) {
        plane_->Freeze(std::chrono::minutes(1));
      }
      return;
    case Deed::kJumpClock:
      return loop_.JumpWall(std::chrono::hours(step.target == "back" ? -1 : 1));
    case Deed::kCalm:
      return CalmDown();
  }
}

void Story::DoToObject(const Step& step) {
  if (step.deed == Deed::kMerge) {
    (void)api_.Merge(step.key, step.json, Writer::kPerson);
  } else if (step.deed == Deed::kCreate) {
    (void)api_.Create(step.key, step.json, Writer::kPerson);
  } else {
    objects::DeleteRequest request;
    request.propagation = step.policy;
    (void)api_.Delete(step.key, request, Writer::kPerson);
  }
}

void Story::DoToHost(const Step& step) {
  const auto found = hosts_.find(step.target);
  if (found == hosts_.end()) {
    return;
  }
  Host& host = *found->second;
  if (step.deed == Deed::kCrashAgent) {
    host.CrashAgent();
  } else if (step.deed == Deed::kReboot) {
    checker_.OnReboot();
    host.Reboot();
  } else {
    host.SetReachable(step.deed == Deed::kReturn);
  }
}

void Story::DoToMachine(const Step& step) {
  if (step.deed == Deed::kTerminate) {
    cloud_.Terminate(step.target);
  } else {
    step.deed == Deed::kJoin ? cloud_.Join(step.target) : cloud_.Launch(step.target);
    AddHost(step.target);
  }
  if (const auto host = hosts_.find(step.target); host != hosts_.end()) {
    host->second->SetReachable(step.deed != Deed::kTerminate);
  }
}

/// As the command line does it: what the status shows at this moment.
void Story::ConfirmRemoval(const std::string& fleet) {
  const auto found = checker_.fleets().find(fleet);
  if (found == checker_.fleets().end() || !found->second.status.absence) {
    return;
  }
  const std::string listing = api::FormatTime(found->second.status.absence->listing) + "/" +
                              std::to_string(found->second.metadata.generation);
  const Json patch = {
      {"metadata", {{"annotations", {{"slipway.dev/confirmed-removal", listing}}}}}};
  (void)api_.Merge({.kind = Kind::kFleet, .ns = "default", .name = fleet}, patch.dump(),
                   Writer::kPerson);
}

const api::Rollout* Story::NewestRollout(const std::string& application) const {
  const api::Rollout* newest = nullptr;
  for (const auto& [name, rollout] : checker_.rollouts()) {
    if (rollout.spec.application == application && checker_.HasApplication(rollout) &&
        (newest == nullptr || rollout.spec.number > newest->spec.number)) {
      newest = &rollout;
    }
  }
  return newest;
}

void Story::DoToRollout(const Step& step) {
  const api::Rollout* newest = NewestRollout(step.target);
  if (newest == nullptr ||
      (rollout::HasEnded(newest->status.phase) && step.deed != Deed::kResume)) {
    return;
  }
  checker_.Excuse(step.target);
  Json spec;
  if (step.deed == Deed::kPause) {
    spec["paused"] = true;
  } else if (step.deed == Deed::kResume) {
    spec["paused"] = false;
    spec["hold"] = false;
  } else if (step.deed == Deed::kAbort) {
    spec["aborted"] = true;
  } else {
    spec["promotedThrough"] = std::max<std::int64_t>(1, newest->status.wave);
  }
  const Key key{.kind = Kind::kRollout, .ns = "default", .name = newest->metadata.name};
  (void)api_.Merge(key, Json({{"spec", spec}}).dump(), Writer::kPerson);
}

/// `retry` and `undo`, as the command line does them: the next Rollout, owned by the Application.
void Story::MakeNext(const Step& step) {
  const api::Rollout* newest = NewestRollout(step.target);
  const auto application = checker_.applications().find(step.target);
  if (newest == nullptr || application == checker_.applications().end()) {
    return;
  }
  const api::Rollout* model = nullptr;
  if (step.deed == Deed::kRetry) {
    const bool failed = rollout::HasEnded(newest->status.phase) &&
                        newest->status.phase != api::RolloutPhase::kSucceeded;
    model = failed ? newest : nullptr;
  } else {
    const auto& stable = application->second.status.stable;
    for (const auto& [name, rollout] : checker_.rollouts()) {
      const bool good = rollout.spec.application == step.target &&
                        checker_.HasApplication(rollout) &&
                        rollout.status.phase == api::RolloutPhase::kSucceeded;
      const bool other = stable && rollout.spec.release.commit != stable->commit;
      if (good && other && (model == nullptr || model->spec.number < rollout.spec.number)) {
        model = &rollout;
      }
    }
  }
  if (model == nullptr) {
    return;
  }
  checker_.Excuse(step.target);
  const std::int64_t number =
      std::max(newest->spec.number, application->second.status.last_number) + 1;
  const std::string name = step.target + "-" + std::to_string(number);
  const Key from{.kind = Kind::kRollout, .ns = "default", .name = model->metadata.name};
  Json old = ReadJson(*api_.Get(from).value());
  if (step.deed == Deed::kUndo) {
    old["spec"]["release"].erase("ref");
  }
  const Json owner = {{"apiVersion", runtime::kApiVersion},
                      {"kind", "Application"},
                      {"name", step.target},
                      {"uid", application->second.metadata.uid.value},
                      {"controller", true},
                      {"blockOwnerDeletion", true}};
  const Json next = {{"metadata", {{"name", name}, {"ownerReferences", Json::array({owner})}}},
                     {"spec",
                      {{"application", step.target},
                       {"number", number},
                       {"release", old["spec"]["release"]},
                       {"template", old["spec"]["template"]},
                       {"hold", step.deed == Deed::kUndo}}}};
  (void)api_.Create({.kind = Kind::kRollout, .ns = "default", .name = name}, next.dump(),
                    Writer::kPerson);
}

// ---- Chance.

void Story::ScheduleFaults() {
  Repeat(faults_.server_crash, [this] { CrashPlane(); });
  Repeat(faults_.server_pause, [this] {
    if (plane_ != nullptr) {
      plane_->Freeze(std::chrono::minutes(1));
    }
  });
  Repeat(faults_.agent_crash, [this] {
    if (Host* host = AnyHost()) {
      host->CrashAgent();
    }
  });
  Repeat(faults_.reboot, [this] {
    if (Host* host = AnyHost()) {
      checker_.OnReboot();
      host->Reboot();
    }
  });
  Repeat(faults_.vanish, [this] {
    if (Host* host = AnyHost()) {
      VanishForAWhile(*host);
    }
  });
  Repeat(faults_.wall_jump,
         [this] { loop_.JumpWall(Duration(rng_.Below(7'200'000)) - std::chrono::hours(1)); });
}

/// Again and again after a random time, until the calm.
void Story::Repeat(Duration mean, const std::function<void()>& fault) {
  if (mean.count() == 0) {
    return;
  }
  const Duration wait(rng_.Below(static_cast<std::uint64_t>(2 * mean.count())) + 1);
  loop_.After(wait, [this, mean, fault] {
    if (!calm_) {
      fault();
      Repeat(mean, fault);
    }
  });
}

Host* Story::AnyHost() {
  if (hosts_.empty()) {
    return nullptr;
  }
  return std::next(hosts_.begin(), static_cast<std::ptrdiff_t>(rng_.Below(hosts_.size())))
      ->second.get();
}

void Story::VanishForAWhile(Host& host) {
  host.SetReachable(false);
  loop_.After(Duration(5'000 + rng_.Below(180'000)),
              [this, &host] { host.SetReachable(cloud_.Exists(host.name())); });
}

void Story::CalmDown() {
  calm_ = true;
  faults_ = Faults{};
  git_.reachable = true;
}

}  // namespace slipway::sim
