#pragma once

#include <functional>
#include <string>

#include "reconciler/runtime/effect.hpp"
#include "src/git/mirror.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::app {

/// Does the engine's outside work: polls, looks things up and pins in the mirrors, on a pool. Used on the home thread.
class GitEffects {
 public:
  using Done = std::function<void(runtime::OutsideResult)>;
  using RunOnPool = std::function<void(std::function<void()>)>;

  /// `post` queues for the home thread. All outlive it, and the pool is drained before it goes.
  GitEffects(kube::ObjectClient& client, git::MirrorSet& mirrors, RunOnPool run_on_pool,
             RunOnPool post)
      : client_(client),
        mirrors_(mirrors),
        run_on_pool_(std::move(run_on_pool)),
        post_(std::move(post)) {}

  /// `done` runs on the home thread, once. Errors carry the reason for a condition as that of their first cause.
  void Execute(const std::string& ns, const runtime::OutsideRequest& request, Done done);

 private:
  void Fetch(const std::string& ns, const runtime::FetchRepository& request, Done done);
  void Run(std::function<runtime::OutsideResult()> work, Done done);

  kube::ObjectClient& client_;
  git::MirrorSet& mirrors_;
  RunOnPool run_on_pool_;
  RunOnPool post_;
};

}  // namespace slipway::app
