#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

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

/// A provider whose machines can be asked which of its instances they are.
struct Provider {
  std::string_view scheme;  ///< of its ids
  std::string_view title;
  std::string_view name;  ///< as an agent's --identity has it
};

constexpr std::array<Provider, 4> kProviders{{
    {"aws://", "AWS", "aws"},
    {"azure://", "Azure", "azure"},
    {"gce://", "Google Cloud", "gcp"},
    {"openstack://", "OpenStack", "openstack"},
}};

const Provider* ProviderOf(const std::string& id) {
  const auto* const found = std::ranges::find_if(
      kProviders, [&](const Provider& each) { return id.starts_with(each.scheme); });
  return found == kProviders.end() ? nullptr : found;
}

/// Azure writes its ids now in capital letters, now in small ones; no provider means two machines by that.
bool IsSame(std::string_view one, std::string_view other) {
  return std::ranges::equal(
      one, other, {}, [](unsigned char letter) { return std::tolower(letter); },
      [](unsigned char letter) { return std::tolower(letter); });
}

/// Why this is not the machine that the provider lists as the server; empty where it is, or where nobody can tell. An image can hold a
/// name, a machine id and even a key; which instance it runs on it cannot. Here a proof of what the claim says would be judged.
std::pair<std::string, std::string> WhyAnotherMachine(const api::ServerClaim& claim,
                                                      const rollout::ServerFacts& server) {
  const Provider* provider = ProviderOf(server.provider_id);
  if (provider == nullptr || IsSame(claim.spec.provider_id, server.provider_id)) {
    return {};
  }
  if (claim.spec.provider_id.empty() && claim.status.server == claim.spec.name) {
    return {};  // It joined before its fleet was one of the provider. It says which machine it is with its next certificate.
  }
  if (claim.spec.provider_id.empty()) {
    return {"IdentityMissing",
            claim.spec.name + " is an instance of " + std::string(provider->title) +
                ": start its agent with --identity " + std::string(provider->name) + "."};
  }
  return {"WrongMachine", "The agent runs on " + claim.spec.provider_id + ", and " +
                              claim.spec.name + " is " + server.provider_id +
                              ". Where the machine was moved, restart its agent."};
}

}  // namespace

bool IsThisMachine(const api::ServerClaim& claim, const rollout::ServerFacts& server) {
  return WhyAnotherMachine(claim, server).first.empty();
}

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
  if (const auto [reason, message] = WhyAnotherMachine(claim, *snapshot.server); !reason.empty()) {
    Say(plan, snapshot, false, reason, message);
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
