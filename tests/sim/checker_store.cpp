#include <algorithm>

#include "tests/sim/checker.hpp"

// What becomes durable, one change at a time.
namespace slipway::sim {
namespace {

using Phase = api::RolloutPhase;

template <typename T>
T Decoded(const Bytes& bytes) {
  auto value = api::Decode<T>(*bytes);
  if (!value.has_value()) {
    throw Violation("14: the store holds what nobody can read: " + value.error().message);
  }
  return std::move(value.value());
}

bool IsActive(Phase phase) {
  return phase == Phase::kProgressing || phase == Phase::kPaused || phase == Phase::kRollingBack;
}

bool IsOver(Phase phase) {
  return phase == Phase::kSucceeded || phase == Phase::kRolledBack || phase == Phase::kHalted ||
         phase == Phase::kSuperseded || phase == Phase::kAborted;
}

bool MeasuredBad(const api::Rollout& rollout) {
  const auto& cause = rollout.status.cause;
  return cause == api::RolloutCause::kGateFailed || cause == api::RolloutCause::kServerFailed ||
         cause == api::RolloutCause::kProgressDeadline;
}

Release ReleaseOf(const api::Rollout& rollout) {
  return {rollout.spec.release.commit.value, rollout.spec.release.hash.value};
}

const api::Intent* FindIntent(const api::Server& server, const std::string& application) {
  const auto& all = server.spec.releases;
  const auto found = std::ranges::find(all, application, &api::Intent::application);
  return found == all.end() ? nullptr : &*found;
}

/// Puts the object after the event into `all`, or takes it away.
template <typename T>
void Keep(std::map<std::string, T>& all, const StoreEvent& event) {
  if (event.after == nullptr) {
    all.erase(event.key.name);
  } else {
    all[event.key.name] = Decoded<T>(event.after);
  }
}

}  // namespace

void Checker::OnStoreEvent(const StoreEvent& event) {
  if (event.writer != Writer::kPerson) {
    last_write_ = loop_.Mono();
  }
  OnObject(event);
  switch (event.key.kind) {
    case Kind::kApplication:
      return OnApplication(event);
    case Kind::kRollout:
      return OnRollout(event);
    case Kind::kServer:
      return OnServer(event);
    case Kind::kTestRun:
      return OnTestRun(event);
    case Kind::kFleet:
      return OnFleet(event);
    case Kind::kGitRepository:
    case Kind::kServerClaim:
      return;
  }
}

// ---- Rollouts.

void Checker::OnRollout(const StoreEvent& event) {
  const auto stored = rollouts_.find(event.key.name);
  if (event.after == nullptr) {
    rollouts_.erase(event.key.name);
    return;
  }
  const auto after = Decoded<api::Rollout>(event.after);
  if (stored == rollouts_.end()) {
    CheckNewRollout(after, event.writer);
  } else {
    CheckRolloutStep(stored->second, after, event.writer);
  }
  rollouts_[event.key.name] = after;
  CheckOneActive(after.spec.application);
}

void Checker::CheckNewRollout(const api::Rollout& rollout, Writer writer) {
  const std::string& name = rollout.metadata.name;
  const auto application = applications_.find(rollout.spec.application);
  if (application == applications_.end()) {
    return;
  }
  auto& numbers = numbers_[application->second.metadata.uid.value];
  const std::int64_t number = rollout.spec.number;
  if (writer == Writer::kControllers && !numbers.empty() && number <= numbers.rbegin()->first) {
    throw Violation("9: " + name + " reuses a number: there was a " +
                    std::to_string(numbers.rbegin()->first));
  }
  numbers[number] = ReleaseOf(rollout);
  if (name != rollout.spec.application + "-" + std::to_string(number)) {
    throw Violation("5: the name " + name + " is not made of application and number");
  }
  if (writer == Writer::kControllers) {
    CheckDescent(application->second.metadata.uid.value, rollout);
  }
  if (writer == Writer::kControllers &&
      failed_[rollout.spec.application].contains(ReleaseOf(rollout))) {
    throw Violation("9: " + name + " tries a failed release again: " + ReleaseOf(rollout).first);
  }
}

void Checker::CheckDescent(const std::string& application, const api::Rollout& rollout) const {
  const auto followed = followed_.find(application);
  if (followed != followed_.end() &&
      !git_.Descends(rollout.spec.release.commit, followed->second)) {
    throw Violation("8: " + rollout.metadata.name +
                    " goes to a commit that does not descend from " + followed->second.value +
                    ", which was promoted last of those that were pushed");
  }
}

bool Checker::HasApplication(const api::Rollout& rollout) const {
  const auto application = applications_.find(rollout.spec.application);
  return application != applications_.end() &&
         std::ranges::any_of(rollout.metadata.owner_references, [&](const auto& owner) {
           return owner.uid == application->second.metadata.uid;
         });
}

void Checker::CheckOneActive(const std::string& application) const {
  std::string active;
  for (const auto& [name, rollout] : rollouts_) {
    if (rollout.spec.application != application || !HasApplication(rollout) ||
        !IsActive(rollout.status.phase)) {
      continue;
    }
    if (!active.empty()) {
      throw Violation("3: " + active + " and " + name + " are active at once");
    }
    active = name;
  }
}

void Checker::CheckRolloutStep(const api::Rollout& before, const api::Rollout& after,
                               Writer writer) {
  const std::string& name = after.metadata.name;
  const auto immutable = [](const api::Rollout& rollout) {
    return std::tie(rollout.spec.application, rollout.spec.number, rollout.spec.release,
                    rollout.spec.template_);
  };
  if (immutable(before) != immutable(after)) {
    throw Violation("2: the template of " + name + " changed");
  }
  if (writer != Writer::kControllers) {
    return;
  }
  if (after.metadata.owner_references.empty() && before.status != after.status) {
    throw Violation("12: " + name + " goes on, and is of no application");
  }
  if (IsOver(before.status.phase) && before.status.phase != after.status.phase) {
    throw Violation("12: " + name + " had ended and goes on");
  }
  CheckWave(before, after);
  if (before.status.cause != after.status.cause) {
    CheckCause(after);
  }
  const Release release = ReleaseOf(after);
  if (IsOver(after.status.phase) && !IsOver(before.status.phase)) {
    if (after.status.phase == Phase::kSucceeded) {
      if (!succeeded_somewhere_.contains(name)) {
        throw Violation("12: " + name + " succeeded without the success of a single server");
      }
      failed_[after.spec.application].erase(release);
    } else if (MeasuredBad(after)) {
      failed_[after.spec.application].insert(release);
    }
  }
  if (after.status.gate.passed && !before.status.gate.passed && !HasPassedGate(after)) {
    throw Violation("2: the gate of " + name + " has not passed on any server");
  }
}

/// 2: for exactly these bytes and this template; an earlier rollout of them counts.
bool Checker::HasPassedGate(const api::Rollout& rollout) const {
  const auto passed = passed_gate_.find(rollout.spec.application);
  return !rollout.spec.template_.gate ||
         (passed != passed_gate_.end() &&
          passed->second.contains(
              {ReleaseOf(rollout), api::EncodeCanonical(rollout.spec.template_)}));
}

void Checker::CheckWave(const api::Rollout& before, const api::Rollout& after) {
  const std::string& name = after.metadata.name;
  const api::RolloutStatus& status = after.status;
  if (status.wave < before.status.wave || status.wave > before.status.wave + 1) {
    throw Violation("4: " + name + " goes from wave " + std::to_string(before.status.wave) +
                    " to " + std::to_string(status.wave));
  }
  if (status.wave == before.status.wave + 1) {
    wave_began_[{after.metadata.uid.value, status.wave}] = loop_.Mono();
    for (std::int64_t wave = 1; wave < status.wave; ++wave) {
      if (status.waves.at(static_cast<std::size_t>(wave - 1)).verdict !=
          api::WaveVerdict::kPassed) {
        throw Violation("4: wave " + std::to_string(status.wave) + " of " + name +
                        " begins before the verdict on wave " + std::to_string(wave));
      }
    }
  }
  if (static_cast<std::int64_t>(status.waves.size()) < status.wave) {
    throw Violation("4: " + name + " has no record of its wave");
  }
  const auto application = applications_.find(after.spec.application);
  for (std::size_t i = 0; i < status.waves.size() && application != applications_.end(); ++i) {
    const bool was_passed =
        i < before.status.waves.size() && before.status.waves[i].verdict.has_value();
    const auto& waves = application->second.spec.strategy.waves;
    if (was_passed || status.waves[i].verdict != api::WaveVerdict::kPassed || i >= waves.size() ||
        waves[i].name != status.waves[i].name) {
      continue;
    }
    const auto wave = static_cast<std::int64_t>(i) + 1;
    const Duration length = loop_.Mono() - wave_began_[{after.metadata.uid.value, wave}];
    if (length < waves[i].bake && after.spec.promoted_through < wave &&
        !excused_.contains(after.spec.application)) {
      throw Violation("4: wave " + waves[i].name + " of " + name + " passed after " +
                      std::to_string(length.count()) + " ms, before its bake ended");
    }
  }
}

/// An interrupted run is not a failed one.
void Checker::CheckCause(const api::Rollout& after) {
  const auto& cause = after.status.cause;
  const bool measured = cause == api::RolloutCause::kGateFailed ||
                        (cause == api::RolloutCause::kServerFailed && !rebooted_);
  const CommitInfo* commit = git_.Find(after.spec.release.commit);
  if (measured && commit != nullptr && commit->behaviour == Behaviour::kGood &&
      !failed_somewhere_.contains(after.metadata.name)) {
    throw Violation("9: " + after.metadata.name +
                    " ends as failed, and nothing was measured: " + after.status.message);
  }
}

// ---- Servers.

void Checker::OnServer(const StoreEvent& event) {
  pending_.erase(event.key);
  const auto stored = servers_.find(event.key.name);
  if (event.after == nullptr) {
    CheckRemoval(stored->second, event.writer);
    std::erase_if(seen_healthy_,
                  [&](const auto& seen) { return seen.first.starts_with(event.key.name + "/"); });
    servers_.erase(event.key.name);
    return;
  }
  auto after = Decoded<api::Server>(event.after);
  if (event.writer == Writer::kControllers) {
    for (const api::Intent& intent : after.spec.releases) {
      const api::Intent* before =
          stored == servers_.end() ? nullptr : FindIntent(stored->second, intent.application);
      if (before == nullptr || *before != intent) {
        CheckIntent(after, before, intent);
        taken_[intent.rollout + "/" + std::to_string(intent.wave)].insert(event.key.name);
      }
    }
  }
  servers_[event.key.name] = std::move(after);
}

void Checker::CheckIntent(const api::Server& server, const api::Intent* before,
                          const api::Intent& after) {
  const std::string where = after.rollout + " on " + server.metadata.name;
  if (before != nullptr && after.attempt <= before->attempt) {
    throw Violation("5: the attempt of " + where + " does not grow");
  }
  auto& attempts = attempts_[server.metadata.uid.value + "/" + after.application];
  if (!attempts.emplace(after.rollout, after.attempt).second) {
    throw Violation("5: attempt " + std::to_string(after.attempt) + " of " + where +
                    " names two attempts");
  }
  const auto rollout = rollouts_.find(after.rollout);
  const auto application = applications_.find(after.application);
  if (application == applications_.end()) {
    return;  // it was deleted while the write was on its way
  }
  const Release release{after.commit.value, after.hash.value};
  const auto& stable = application->second.status.stable;
  const bool is_stable = stable && stable->rollout == after.rollout &&
                         Release{stable->commit.value, stable->hash.value} == release;
  if (after.wave == 0 || is_stable) {
    if (!is_stable || !promoted_[after.application].contains(release)) {
      throw Violation("10: " + where + " goes to a release that was never promoted");
    }
  } else {
    if (rollout == rollouts_.end() || ReleaseOf(rollout->second) != release) {
      throw Violation("2: " + where + " is not the release of its rollout");
    }
    const api::RolloutStatus& status = rollout->second.status;
    if (status.phase != Phase::kProgressing && status.phase != Phase::kPaused) {
      throw Violation("3: " + where + " while the rollout is " +
                      std::string(api::ToString(status.phase)));
    }
    if (status.wave < after.wave) {
      throw Violation("4: " + where + " in wave " + std::to_string(after.wave) +
                      ", which has not begun");
    }
    if (!HasPassedGate(rollout->second)) {
      throw Violation("2: " + where + " without a passed gate");
    }
    CheckWaveOn(server, before, after);
    may_run_[after.application].insert(release);
  }
  if (!git_.IsPinned(after.commit)) {
    throw Violation("2: " + where + " names a commit that the mirror may forget");
  }
}

// ---- Applications and test runs.

void Checker::OnApplication(const StoreEvent& event) {
  const auto stored = applications_.find(event.key.name);
  const bool known = stored != applications_.end();
  if (!known && event.after != nullptr &&
      !api::Decode<api::Application>(*event.after).has_value()) {
    return;  // a person made it so
  }
  if (known && event.after != nullptr) {
    CheckPromotion(stored->second, Decoded<api::Application>(event.after));
  }
  if (event.after != nullptr) {
    const auto after = Decoded<api::Application>(event.after);
    if (!known || stored->second.metadata.generation != after.metadata.generation ||
        stored->second.status.stable != after.status.stable) {
      turned_[event.key.name] = loop_.Mono();
    }
  }
  Keep(applications_, event);
}

void Checker::CheckPromotion(const api::Application& before, const api::Application& after) {
  const std::string& name = after.metadata.name;
  for (const api::FailedRelease& failed : after.status.failed) {
    const auto rollout = rollouts_.find(failed.rollout);
    if (rollout != rollouts_.end() &&
        rollout->second.status.cause == api::RolloutCause::kInfrastructure) {
      throw Violation("9: " + failed.rollout + " was interrupted, and is remembered as failed");
    }
  }
  if (after.status.last_number < before.status.last_number) {
    throw Violation("5: the last number of " + name + " goes back");
  }
  const auto& stable = after.status.stable;
  if (!stable || (before.status.stable && *stable == *before.status.stable)) {
    return;
  }
  const auto rollout = rollouts_.find(stable->rollout);
  if (rollout == rollouts_.end() || rollout->second.status.phase != Phase::kSucceeded) {
    throw Violation("10: " + stable->rollout + " is promoted without a good verdict");
  }
  if (!rollout->second.spec.release.ref.empty()) {
    CheckDescent(after.metadata.uid.value, rollout->second);
    followed_[after.metadata.uid.value] = stable->commit;
  }
  promoted_[name].insert({stable->commit.value, stable->hash.value});
  ++promotions_;
}

void Checker::OnTestRun(const StoreEvent& event) {
  if (event.before == nullptr) {
    const auto run = Decoded<api::TestRun>(event.after);
    const auto& owners = run.metadata.owner_references;
    const std::string rollout = owners.empty() ? "" : owners.front().uid.value;
    if (!test_runs_of_.emplace(rollout, run.metadata.name).second) {
      throw Violation("5: the name of the test run " + run.metadata.name + " is used again");
    }
    if (!git_.IsPinned(run.spec.commit)) {
      throw Violation("2: " + run.metadata.name + " names a commit that the mirror may forget");
    }
  }
  Keep(test_runs_, event);
}

}  // namespace slipway::sim
