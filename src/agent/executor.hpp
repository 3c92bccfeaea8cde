#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "reconciler/host/planner.hpp"
#include "src/agent/child.hpp"
#include "src/agent/environment.hpp"
#include "src/agent/layout.hpp"
#include "src/agent/observer.hpp"
#include "src/agent/run_step.hpp"

namespace slipway::agent {

/// Gets content from the control plane. One thread.
class PackSource {
 public:
  virtual ~PackSource() = default;

  /// Writes the pack that turns a snapshot of `have` (empty: nothing) into one of `want` to the
  /// file `path` (0600). Control::stop ends it soon. kTooLarge; kUnavailable for everything else: try
  /// again.
  virtual boost::asio::awaitable<Result<void>> Fetch(std::string repository, Commit have,
                                                     Commit want, std::string path,
                                                     std::shared_ptr<Control> control) = 0;
};

struct ExecutorOptions {
  Layout layout;
  std::string program;          ///< this program, for run-step and supervise
  std::string content_program;  ///< the content helper
  std::string address;          ///< SLIPWAY_ADDRESS, and where health checks go
  std::string systemctl = "/usr/bin/systemctl";
  std::string systemd_marker = "/run/systemd/system";  ///< there where systemd is PID 1
  Duration fetch_patience{300'000};  ///< how long one Fetch goes on asking for content
};

/// Does what the planner says, one action at a time; upkeep beside it. Every command is a child
/// that ends when the agent does. One thread.
class Executor {
 public:
  Executor(ExecutorOptions options, Observer& observer, PackSource& packs, const Clock& clock);

  /// One action, to its end.
  boost::asio::awaitable<host::Finished> Run(host::Action action);

  /// Ends what the action that runs waits for, soon.
  void Cancel();

  /// Starts one process again. An error says why it was not.
  boost::asio::awaitable<Result<void>> StartAgain(host::Upkeep upkeep);

  /// What the last command of Run() printed at its end.
  const std::string& output() const { return output_; }

 private:
  /// One action, and what follows from it.
  struct Job {
    host::Action action;
    ApplicationLayout layout;
    std::string directory;  ///< of the release, or of the gate run
    std::string processes;  ///< where its supervisors' directories are
    Facts facts;
    std::shared_ptr<Control> control;  ///< nullptr: upkeep, which nobody cancels
    std::string lock;                  ///< for its commands; empty: upkeep, which waits for none
  };

  Job MakeJob(host::Action action) const;
  boost::asio::awaitable<host::Finished> Dispatch(Job job);
  boost::asio::awaitable<Result<void>> Fetch(Job job);
  boost::asio::awaitable<Result<void>> EmptyTrash(Job job);
  boost::asio::awaitable<Result<void>> GetContent(Job job, std::string staging);
  boost::asio::awaitable<Result<void>> GetPack(Job job, Commit have, std::string path);
  boost::asio::awaitable<Result<void>> CheckOut(Job job, std::string pack, std::string staging);
  boost::asio::awaitable<host::Finished> Command(Job job, api::Command command, std::string log);
  boost::asio::awaitable<host::Finished> Suite(Job job);
  boost::asio::awaitable<Result<void>> Stop(Job job);
  boost::asio::awaitable<Result<void>> StopOne(std::string directory);
  boost::asio::awaitable<Result<void>> Switch(Job job);
  boost::asio::awaitable<Result<void>> Start(Job job);
  boost::asio::awaitable<Result<void>> StartProcess(Job job, api::Process process, bool replace);
  boost::asio::awaitable<Result<void>> StartSupervised(Job job, api::Process process, bool replace);
  boost::asio::awaitable<Result<void>> StartService(Job job, api::Process process);
  boost::asio::awaitable<Result<void>> Remove(Job job);
  boost::asio::awaitable<Result<StepReply>> RunStepChild(Job job, StepSpec spec);
  boost::asio::awaitable<Result<void>> RunTool(Job job, std::vector<std::string> argv,
                                               std::string what);
  Result<StepSpec> MakeSpec(const Job& job, const std::string& run, Duration timeout,
                            const std::string& log) const;

  ExecutorOptions options_;
  Observer& observer_;
  PackSource& packs_;
  const Clock& clock_;
  std::shared_ptr<Control> control_;  ///< of the action that runs
  /// Directories of processes that are being started.
  std::shared_ptr<std::set<std::string>> starting_ = std::make_shared<std::set<std::string>>();
  std::string output_;
};

}  // namespace slipway::agent
