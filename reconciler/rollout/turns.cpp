#include <algorithm>
#include <string>

#include "reconciler/rollout/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::rollout::steps {
namespace {

using api::RolloutCause;
using api::RolloutPhase;

/// A newer rollout that has touched servers. After it, this one would be a step back that nobody asked for: a gate that took
/// long must not undo what a person or a newer commit has done meanwhile.
const api::Rollout* OvertakenBy(const Desk& desk) {
  for (const api::Rollout* other : desk.snapshot.others) {
    if (other->spec.number > desk.snapshot.rollout.spec.number && other->status.wave > 0) {
      return other;
    }
  }
  return nullptr;
}

const api::Rollout* InPhase(const Desk& desk, bool (*holds)(RolloutPhase)) {
  for (const api::Rollout* other : desk.snapshot.others) {
    if (holds(other->status.phase)) {
      return other;
    }
  }
  return nullptr;
}

/// A promoted rollout of exactly these bytes and this template: its gate has passed for us too.
const api::Rollout* ProvenBy(const Desk& desk) {
  const api::RolloutSpec& spec = desk.snapshot.rollout.spec;
  for (const api::Rollout* other : desk.snapshot.others) {
    if (other->status.phase == RolloutPhase::kSucceeded &&
        other->spec.release.commit == spec.release.commit &&
        other->spec.release.tree == spec.release.tree &&
        other->spec.release.hash == spec.release.hash && other->spec.template_ == spec.template_) {
      return other;
    }
  }
  return nullptr;
}

/// Whether the application has taken note of every promotion. Until then its stable release, our way back, is out of date.
bool PromotionsAreNoted(const Desk& desk) {
  const api::Rollout* promoted = nullptr;
  for (const api::Rollout* other : desk.snapshot.others) {
    promoted = other->status.phase == RolloutPhase::kSucceeded ? other : promoted;
  }
  const auto& stable = desk.application.status.stable;
  return promoted == nullptr || (stable && RolloutNumber(promoted->spec.application,
                                                         stable->rollout) >= promoted->spec.number);
}

void EnterGate(Desk& desk) {
  if (!desk.snapshot.rollout.spec.template_.gate) {
    desk.status.gate.passed = true;
    Wait(desk, std::nullopt, "There is no gate; waits for its turn.");
  } else if (const api::Rollout* proof = ProvenBy(desk)) {
    desk.status.gate.passed = true;
    Wait(desk, std::nullopt,
         "The gate has passed for this very release in " + proof->metadata.name +
             "; waits for its turn.");
  } else if (const api::Rollout* busy = InPhase(
                 desk, [](RolloutPhase phase) { return phase == RolloutPhase::kTesting; })) {
    Wait(desk, std::nullopt, "Waits for the gate, where " + busy->metadata.name + " is tested.");
  } else {
    desk.status.phase = RolloutPhase::kTesting;
    Wait(desk, std::nullopt, "Begins its gate.");
  }
}

/// One row of reasons why a rollout that passed its gate may not begin yet; "" where it may.
std::string WhyNotYet(const Desk& desk) {
  if (const api::Rollout* active = InPhase(desk, &IsActive)) {
    return "The gate has passed; waits for " + active->metadata.name + " to end.";
  }
  if (desk.application.status.active != desk.snapshot.rollout.metadata.name ||
      !PromotionsAreNoted(desk)) {
    return "The gate has passed; waits for its turn.";
  }
  return {};
}

}  // namespace

const api::Rollout* NewestAfter(const Desk& desk, bool passed) {
  const api::Rollout* newest = nullptr;
  for (const api::Rollout* other : desk.snapshot.others) {
    const bool waits = !HasEnded(other->status.phase) && !other->spec.aborted;
    if (other->spec.number > desk.snapshot.rollout.spec.number && waits &&
        (!passed || (other->status.gate.passed && !other->spec.paused))) {
      newest = other;
    }
  }
  return newest;
}

const api::Rollout* Successor(const Desk& desk) { return NewestAfter(desk, true); }

// A person who decides (undo) is not kept waiting by a rollout that looks healthy. A row of displaced rollouts ends at some
// point, or a push every minute would keep every promotion away for ever.
bool GivesWay(const Desk& desk, const api::Rollout& successor) {
  if (successor.spec.hold) {
    return true;
  }
  if (desk.application.spec.strategy.on_new_revision == api::OnNewRevision::kFinish) {
    return false;
  }
  int displaced = 0;
  for (const api::Rollout* other : desk.snapshot.others) {
    if (other->spec.number > desk.snapshot.rollout.spec.number || other->status.wave == 0) {
      continue;
    }
    displaced = other->status.phase == RolloutPhase::kSuperseded ? displaced + 1 : 0;
  }
  return displaced < kMaxDisplacedInARow;
}

void Supersede(Desk& desk, const api::Rollout& successor) {
  // What went wrong before stays on record: the application remembers the release as failed.
  switch (desk.status.cause.value_or(RolloutCause::kSuperseded)) {
    case RolloutCause::kPausedByUser:
    case RolloutCause::kNoHeadroom:
    case RolloutCause::kServersBusy:
    case RolloutCause::kNoServers:
    case RolloutCause::kSuperseded:
      desk.status.cause = RolloutCause::kSuperseded;
      break;
    case RolloutCause::kGateFailed:
    case RolloutCause::kServerFailed:
    case RolloutCause::kProgressDeadline:
    case RolloutCause::kRollbackFailed:
    case RolloutCause::kInfrastructure:
    case RolloutCause::kNoSuccess:
    case RolloutCause::kAborted:
      break;
  }
  End(desk, RolloutPhase::kSuperseded,
      successor.metadata.name + " took over." +
          (desk.stored.phase == RolloutPhase::kRollingBack ? " Before: " + desk.stored.message
                                                           : ""));
}

void PlanPending(Desk& desk) {
  const api::RolloutSpec& spec = desk.snapshot.rollout.spec;
  if (spec.aborted) {
    desk.status.cause = RolloutCause::kAborted;
    End(desk, RolloutPhase::kAborted, "Aborted before any server was touched.");
    return;
  }
  const api::Rollout* overtaken_by = OvertakenBy(desk);
  const api::Rollout* newer =
      overtaken_by != nullptr ? overtaken_by : NewestAfter(desk, desk.stored.gate.passed);
  if (newer != nullptr) {
    Supersede(desk, *newer);
    return;
  }
  if (spec.paused) {
    Wait(desk, RolloutCause::kPausedByUser, "Paused by a person before it began.");
    return;
  }
  if (!desk.snapshot.pinned) {
    const std::string& problem = desk.snapshot.pin_problem;
    Wait(desk, std::nullopt,
         problem.empty() ? "Waits until its commit is kept in the mirror."
                         : "Its commit cannot be kept in the mirror: " + problem);
    return;
  }
  if (!desk.stored.gate.passed) {
    EnterGate(desk);
    return;
  }
  if (const std::string why = WhyNotYet(desk); !why.empty()) {
    Wait(desk, std::nullopt, why);
    return;
  }
  if (desk.census.possible == 0) {
    Wait(desk, RolloutCause::kNoServers,
         "The gate has passed; waits for a server: spec.servers of the application selects none "
         "that may be used.");
    return;
  }
  desk.status.stable = desk.application.status.stable;
  desk.status.cause.reset();
  BeginNextWave(desk);
}

}  // namespace slipway::rollout::steps
