#include "reconciler/api/conditions.hpp"
#include "reconciler/fleet/fleet_planner.hpp"

namespace slipway::fleet {
namespace {

void Say(ClaimPlan& plan, const ClaimSnapshot& snapshot, bool matched, const std::string& reason,
         const std::string& message) {
  const auto set = [&](const char* type, bool holds) {
    api::SetCondition(plan.status.conditions,
                      {.type = type,
                       .status = holds ? api::ConditionStatus::kTrue : api::ConditionStatus::kFalse,
                       .reason = reason,
                       .message = message,
                       .observed_generation = snapshot.claim.metadata.generation},
                      snapshot.now);
  };
  set("Ready", matched);
  set("Reconciling", false);
  set("Stalled", !matched);
  plan.status.server = matched ? snapshot.claim.spec.name : std::string();
  plan.status.observed_generation = snapshot.claim.metadata.generation;
}

}  // namespace

ClaimPlan PlanServerClaim(const ClaimSnapshot& snapshot) {
  const api::ServerClaim& claim = snapshot.claim;
  ClaimPlan plan{.status = claim.status};
  if (snapshot.server == nullptr) {
    Say(plan, snapshot, false, "NoSuchServer",
        "No fleet lists a server named " + claim.spec.name +
            ": add it to one, or start the agent with the name that is listed.");
    return plan;
  }
  if (!claim.spec.fleet.empty() && claim.spec.fleet != snapshot.server->fleet) {
    Say(plan, snapshot, false, "WrongFleet",
        claim.spec.name + " is in fleet " + snapshot.server->fleet + ", and the token is for " +
            claim.spec.fleet + ": use a token of that fleet.");
    return plan;
  }
  if (snapshot.holder != nullptr) {
    Say(plan, snapshot, false, "AlreadyClaimed",
        claim.spec.name + " belongs to another agent: delete the ServerClaim " +
            snapshot.holder->metadata.name + " to let this one in.");
    return plan;
  }
  if (snapshot.suspended && claim.status.server != claim.spec.name) {
    Say(plan, snapshot, false, "Suspended",
        "Fleet " + snapshot.server->fleet + " is suspended: nobody joins it now.");
    return plan;
  }
  Say(plan, snapshot, true, "Matched", "It is server " + claim.spec.name + ".");
  return plan;
}

}  // namespace slipway::fleet
