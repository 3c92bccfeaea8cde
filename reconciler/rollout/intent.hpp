#pragma once

#include "reconciler/api/application.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/rollout/server_view.hpp"

// What an intent means, and what a server's report says about it. One set of rules for planners, gateway and simulator. All
// of it is pure.
//
// An intent is what spec.releases says; an attempt is what the agent does about it. (rollout, attempt) names one attempt for
// ever, because `attempt` grows with every change of the entry: a report about another attempt decides nothing.
namespace slipway::rollout {

/// How often an attempt is repeated within one (rollout, wave) before we give up.
inline constexpr std::int64_t kMaxRetries = 3;

/// Whether the rollout is of this very application. One that an earlier application of that name left behind is of none:
/// nobody goes on with it.
bool BelongsTo(const api::Rollout& rollout, const api::Application& application);

/// Whether the gateway may send this intent. `rollout` is the Rollout that it names; nullptr where there is none.
/// It is inert unless it names the promoted release, or a wave of an active rollout that has durably begun. An agent that
/// already works on an intent that became inert is left alone.
bool Live(const api::Intent& intent, const api::Application& application,
          const api::Rollout* rollout);

/// Whether the rollout is active: it may take servers, or takes them back. At most one of an application is.
bool IsActive(api::RolloutPhase phase);

/// Whether the rollout has ended, for ever.
bool HasEnded(api::RolloutPhase phase);

/// The release that runs is the one that is wanted.
bool Matches(const ReleaseFacts& release);

/// The report is about this very intent.
bool IsReported(const ReleaseFacts& release);

/// The attempt that the intent names has ended, with whatever result.
bool IsSettled(const ReleaseFacts& release);

/// An intent is there and its attempt has not ended, as far as we know.
bool IsInFlight(const ReleaseFacts& release);

/// The attempt of this intent has ended with `result`.
bool EndedWith(const ReleaseFacts& release, api::Outcome result);

/// Taken by us: out of service for all we know. From the moment that an intent is written until its attempt has ended with
/// what is wanted running.
bool Taken(const ReleaseFacts& release);

/// What is wanted runs, is healthy now, and was healthy long enough.
bool Success(const ReleaseFacts& release);

/// Nothing is known to be wrong with it: reachable, healthy on whatever release, not taken.
bool Available(const ServerView& view);

/// Whether taking it may take something out of service: what is Available, and also what runs what is wanted, is healthy, and
/// has an intent that its agent has not spoken of yet. Where such an intent is live, budgets count the server as taken; yet
/// taking it again is not free.
bool MayServe(const ServerView& view);

// The same for objects as they are stored; either pointer may be null.
bool Taken(const api::Intent* intent, const api::ServerRelease* release);
bool Success(const api::Intent* intent, const api::ServerRelease* release);
bool Available(const api::Server& server, const std::string& application);

}  // namespace slipway::rollout
