#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/shared.hpp"
#include "reconciler/rollout/rollout_planner.hpp"
#include "reconciler/rollout/server_view.hpp"
#include "reconciler/runtime/cache.hpp"
#include "reconciler/runtime/planner.hpp"

// How planners find what they need in the engine's cache, and how their typed actions become writes. Pure; what points into
// the cache is valid until the cache changes.
namespace slipway::rollout {

/// What the planners of all applications have in common.
struct PlannerOptions {
  /// How long agents have to come back after a start of this process: after that the gateway has judged everybody.
  Duration first_grace{65'000};
};

// Names of indexes.
inline constexpr const char* kByFleet = "fleet";              ///< Server: spec.fleet
                                                              ///< Application: spec.servers.fleets
inline constexpr const char* kAnyFleet = "*";                 ///< Application: it names no fleet
inline constexpr const char* kByApplication = "application";  ///< Rollout: spec.application
inline constexpr const char* kByName = "name";                ///< Rollout: whose its name may be
inline constexpr const char* kByRepository = "repository";  ///< Application: spec.source.repository
inline constexpr const char* kByServer = "server";          ///< TestRun: spec.server
inline constexpr const char* kByState = "state";            ///< Rollout: kOpen until it has ended
inline constexpr const char* kOpen = "open";

/// Adds the projector of Server and the indexes above.
void RegisterViews(runtime::CacheSchema& schema);

using ServerViews = std::shared_ptr<const std::vector<ServerView>>;

/// The servers that are selected and not on their way out, by name, as seen by `application`. Never nullptr; valid until a
/// server changes. The answer is kept: who asks the same next pays only for the servers that have changed since.
ServerViews SelectServers(const runtime::Cache& cache, const std::string& ns,
                          const api::ServerSelection& selection, const std::string& application);

/// The applications that a change of a Server may matter to.
std::vector<const runtime::Object*> ApplicationsOf(const runtime::Cache& cache,
                                                   const runtime::Change& change);

/// Whether the change of a Server may matter to whoever selects by `selection`.
bool Concerns(const api::ServerSelection& selection, const runtime::Change& change);

/// The rollouts that belong to this very application (of this uid) and are not on their way out, by number.
std::vector<const runtime::Object*> RolloutsOf(const runtime::Cache& cache,
                                               const runtime::Object& application);

/// The application that the rollout belongs to; nullptr where that is gone, though another one may have its name by now, or where
/// the rollout cannot be read.
const runtime::Object* OwnerOf(const runtime::Cache& cache, const runtime::Object& rollout);

/// The greatest number that the name of any Rollout uses up for this application, whoever it belongs to: what an earlier
/// application of that name left behind has its name until it is gone. 0: none.
std::int64_t GreatestNumberUsed(const runtime::Cache& cache, const runtime::Object& application);

/// The serial group of everything that writes intents of one application.
std::string GroupOf(const std::string& ns, const std::string& application);

/// Whether what is stored of servers may be trusted: not before everybody concerned was heard of or judged since the start of
/// this process. Until then a plan stands still, and is made again after `wake_after`.
struct Trust {
  bool settled = true;
  std::optional<Duration> wake_after;  ///< set while not settled
};
/// `judged`: each server concerned is known to be reachable or known not to be.
Trust TrustOf(const runtime::PlanInput& input, const PlannerOptions& options, bool judged);

/// Whether each of them that is not held back is known to be reachable or known not to be.
bool AllJudged(std::span<const ServerView> servers);

/// An owner reference that makes `owner` the controller.
api::OwnerReference ControlledBy(const runtime::Object& owner);

/// The write that an intent comes to.
runtime::Patch PatchOf(const std::string& ns, const AssignIntent& action);

/// What is known of the last pin that was asked for, when it comes to `wanted`.
struct PinAnswer {
  bool held = false;    ///< durable in the mirror
  bool ask = false;     ///< it is time to ask (again)
  std::string problem;  ///< why it failed; empty: it did not
  std::optional<Duration> retry_after;
};
/// What became of the pin of a rollout.
PinAnswer PinAnswerOf(const runtime::OutsideStates& outside, const std::string& slot,
                      const runtime::OutsideRequest& wanted);

/// How long to wait after so many failures in a row: 5 s, doubled each time, at most 5 minutes.
Duration RetryDelay(int failures);

}  // namespace slipway::rollout
