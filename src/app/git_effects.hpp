#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reconciler/runtime/effect.hpp"
#include "src/git/mirror.hpp"
#include "src/kube/object_client.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::app {

/// How long work may take once a thread of its pool has begun it. Then it is answered with kTimeout; the thread is lost to it.
struct EffectDeadlines {
  Duration look_up{120'000};
  Duration beyond_timeout{
      300'000};  ///< a poll: so much more than spec.timeout, for what follows the remote's answer
};

/// Does the engine's outside work: polls, looks things up and pins in the mirrors, on pools. Used on the home thread.
class GitEffects {
 public:
  using Done = std::function<void(runtime::OutsideResult)>;
  using RunOnPool = std::function<void(std::function<void()>)>;

  /// `look_up` is for what takes moments, `poll` for what waits for a remote. All outlive it, and the pools are drained before it
  /// goes; `io` runs on the home thread.
  GitEffects(kube::ObjectClient& client, git::MirrorSet& mirrors, boost::asio::io_context& io,
             RunOnPool look_up, RunOnPool poll, EffectDeadlines deadlines = {})
      : client_(client),
        mirrors_(mirrors),
        io_(io),
        look_up_(std::move(look_up)),
        poll_(std::move(poll)),
        deadlines_(deadlines) {}

  /// Anything but ListServers and CompleteLaunch. `done` runs on the home thread, once. Errors carry the reason for a condition as that of their first cause; kInternal where
  /// the work throws.
  void Execute(const std::string& ns, const runtime::OutsideRequest& request, Done done);

 private:
  struct Job;
  using Work = std::function<runtime::OutsideResult()>;

  void Fetch(const std::string& ns, const runtime::FetchRepository& request, Done done);
  void LookUp(const std::string& mirror, Work work, Done done);
  void BeginLookUp(const std::string& mirror, const std::shared_ptr<Job>& job);
  void Run(const RunOnPool& pool, const std::shared_ptr<Job>& job, Duration deadline,
           std::function<void()> ended);

  kube::ObjectClient& client_;
  git::MirrorSet& mirrors_;
  boost::asio::io_context& io_;
  RunOnPool look_up_;
  RunOnPool poll_;
  EffectDeadlines deadlines_;
  /// By mirror that one thread is looking into: what waits for it. More threads would only wait for the same locks, until no one
  /// is left for other mirrors.
  std::map<std::string, std::deque<std::shared_ptr<Job>>> looking_;
};

}  // namespace slipway::app
