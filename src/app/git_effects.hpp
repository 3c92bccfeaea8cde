#pragma once

#include <functional>
#include <string>

#include "reconciler/runtime/effect.hpp"
#include "src/git/mirror.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::app {

/// Does the engine's outside work: polls, looks things up and pins in the mirrors, on pools. Used on the home thread.
class GitEffects {
 public:
  using Done = std::function<void(runtime::OutsideResult)>;
  using RunOnPool = std::function<void(std::function<void()>)>;

  /// `look_up` is for what takes moments, `poll` for what waits for a remote, `post` queues for the home thread. All outlive it,
  /// and the pools are drained before it goes.
  GitEffects(kube::ObjectClient& client, git::MirrorSet& mirrors, RunOnPool look_up, RunOnPool poll,
             RunOnPool post)
      : client_(client),
        mirrors_(mirrors),
        look_up_(std::move(look_up)),
        poll_(std::move(poll)),
        post_(std::move(post)) {}

  /// `done` runs on the home thread, once. Errors carry the reason for a condition as that of their first cause.
  void Execute(const std::string& ns, const runtime::OutsideRequest& request, Done done);

 private:
  void Fetch(const std::string& ns, const runtime::FetchRepository& request, Done done);
  void Run(const RunOnPool& pool, std::function<runtime::OutsideResult()> work, Done done);

  kube::ObjectClient& client_;
  git::MirrorSet& mirrors_;
  RunOnPool look_up_;
  RunOnPool poll_;
  RunOnPool post_;
};

}  // namespace slipway::app
