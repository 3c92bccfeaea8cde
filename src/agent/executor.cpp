#include "src/agent/executor.hpp"

#include <unistd.h>

#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "src/agent/files.hpp"
#include "src/agent/junit.hpp"
#include "src/agent/log.hpp"
#include "src/agent/release_directories.hpp"
#include "src/agent/supervise.hpp"
#include "src/agent/text.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;

constexpr Duration kToolTimeout{600'000};
constexpr Duration kJunitTimeout{60'000};

host::Finished FinishedAs(const host::ActionId& id, host::Outcome outcome, std::string message) {
  host::Finished finished;
  finished.id = id;
  finished.outcome = outcome;
  finished.message = std::move(message);
  return finished;
}

/// What went wrong while we prepared something is bad where it is about the release or the
/// configuration; a machine or a connection that fails has measured nothing.
host::Outcome OutcomeOf(const Error& error) {
  const bool theirs = error.code == Code::kInvalid || error.code == Code::kNotFound ||
                      error.code == Code::kForbidden || error.code == Code::kTooLarge;
  return theirs ? host::Outcome::kFailed : host::Outcome::kInterrupted;
}

host::Finished FinishedBy(const host::ActionId& id, const Result<void>& result) {
  if (result) {
    return FinishedAs(id, host::Outcome::kSucceeded, "");
  }
  return FinishedAs(id, OutcomeOf(result.error()), result.error().message);
}

}  // namespace

Executor::Executor(ExecutorOptions options, Observer& observer, PackSource& packs,
                   const Clock& clock)
    : options_(std::move(options)),
      observer_(observer),
      packs_(packs),
      clock_(clock),
      control_(std::make_shared<Control>()) {}

Executor::Job Executor::MakeJob(host::Action action) const {
  Job job;
  const std::string& run = action.id.test_run;
  job.layout = LayoutOf(options_.layout, action.id.application, action.config);
  job.directory =
      run.empty() ? job.layout.Release(action.directory) : job.layout.Tests() + "/" + run;
  job.processes = run.empty() ? options_.layout.Processes(action.id.application)
                              : options_.layout.TestProcesses(run);
  job.facts = MakeFacts(options_.address, action.release, job.layout.root);
  job.action = std::move(action);
  return job;
}

asio::awaitable<host::Finished> Executor::Run(host::Action action) {
  control_ = std::make_shared<Control>();
  output_.clear();
  const host::ActionId id = action.id;
  Job job = MakeJob(std::move(action));
  job.control = control_;
  job.lock = options_.layout.StepLock();
  host::Finished finished = co_await Dispatch(std::move(job));
  if (control_->cancelled) {
    finished = FinishedAs(id, host::Outcome::kInterrupted, "was cancelled");
    if (id.step == host::Step::kSuite) {
      finished.suite = api::SuiteResult{};
      finished.suite->result = host::Outcome::kInterrupted;
    }
  }
  co_return finished;
}

void Executor::Cancel() { control_->Cancel(); }

asio::awaitable<host::Finished> Executor::Dispatch(Job job) {
  const host::ActionId id = job.action.id;
  if (id.remove) {
    const Result<void> removed = co_await Remove(std::move(job));
    co_return FinishedBy(id, removed);
  }
  switch (id.step) {
    case host::Step::kFetch: {
      const Result<void> fetched = co_await Fetch(std::move(job));
      co_return FinishedBy(id, fetched);
    }
    case host::Step::kInstall:
    case host::Step::kTest:
    case host::Step::kPopulate:
    case host::Step::kCleanUp: {
      const api::Command command = job.action.command.value_or(api::Command());
      host::Finished finished = co_await Command(std::move(job), command, ToString(id.step));
      co_return finished;
    }
    case host::Step::kSuite: {
      host::Finished finished = co_await Suite(std::move(job));
      co_return finished;
    }
    case host::Step::kStop: {
      const Result<void> stopped = co_await Stop(std::move(job));
      co_return FinishedBy(id, stopped);
    }
    case host::Step::kSwitch: {
      const Result<void> switched = co_await Switch(std::move(job));
      co_return FinishedBy(id, switched);
    }
    case host::Step::kStart: {
      const Result<void> started = co_await Start(std::move(job));
      co_return FinishedBy(id, started);
    }
    case host::Step::kHealth:
      break;  // the planner judges health by what is observed
  }
  co_return FinishedAs(id, host::Outcome::kSucceeded, "");
}

Result<StepSpec> Executor::MakeSpec(const Job& job, const std::string& run, Duration timeout,
                                    const std::string& log) const {
  SLIPWAY_TRY(user, FindUser(job.action.config.user));
  const std::string logs = options_.layout.StepLogs(job.action.id.application);
  SLIPWAY_TRYV(MakeDirectories(logs));
  StepSpec spec;
  spec.launch = {.argv = {"/bin/sh", "-c", run},
                 .directory = job.directory,
                 .env = MakeEnvironment(job.action.config.env, user, job.facts),
                 .user = job.action.config.user};
  spec.timeout = timeout;
  spec.log_file = logs + "/" + log + ".log";
  return spec;
}

asio::awaitable<Result<StepReply>> Executor::RunStepChild(Job job, StepSpec spec) {
  spec.lock_file = job.lock;
  ChildRequest request;
  request.argv = {options_.program, "run-step"};
  request.input = EncodeStepSpec(spec) + "\n";
  request.hold_input = true;
  const Result<ChildReply> reply = co_await RunChild(std::move(request), job.control);
  if (!reply) {
    co_return reply.error();
  }
  co_return DecodeStepReply(reply.value().output);
}

asio::awaitable<Result<void>> Executor::RunTool(Job job, std::vector<std::string> argv,
                                                std::string what) {
  StepSpec spec;
  spec.launch = {
      .argv = std::move(argv), .directory = "/", .env = {"PATH=/usr/bin:/bin"}, .user = ""};
  spec.timeout = kToolTimeout;
  const Result<StepReply> reply = co_await RunStepChild(std::move(job), std::move(spec));
  if (!reply) {
    co_return reply.error();
  }
  if (!reply.value().error.empty()) {
    co_return Fail(Code::kUnavailable, what + ": " + reply.value().error);
  }
  if (!reply.value().succeeded()) {
    co_return Fail(Code::kInternal, what + ": " + Describe(reply.value(), kToolTimeout) +
                                        LastLine(reply.value().tail));
  }
  co_return Ok();
}

asio::awaitable<host::Finished> Executor::Command(Job job, api::Command command, std::string log) {
  const host::ActionId id = job.action.id;
  Result<StepSpec> spec = MakeSpec(job, command.run, command.timeout, log);
  if (!spec) {
    co_return FinishedAs(id, OutcomeOf(spec.error()), spec.error().message);
  }
  const Result<StepReply> reply = co_await RunStepChild(std::move(job), std::move(spec.value()));
  if (!reply) {
    co_return FinishedAs(id, host::Outcome::kInterrupted, reply.error().message);
  }
  if (!reply.value().error.empty()) {
    co_return FinishedAs(id, host::Outcome::kInterrupted, reply.value().error);
  }
  output_ = reply.value().tail;
  if (reply.value().succeeded()) {
    co_return FinishedAs(id, host::Outcome::kSucceeded, "");
  }
  co_return FinishedAs(id, host::Outcome::kFailed,
                       Describe(reply.value(), command.timeout) + LastLine(reply.value().tail));
}

asio::awaitable<host::Finished> Executor::Suite(Job job) {
  const host::ActionId id = job.action.id;
  const api::Suite suite = job.action.suite.value_or(api::Suite());
  const std::string directory = job.directory;
  const api::Command command{.run = suite.run, .timeout = suite.timeout};
  const MonoTime began = clock_.Mono();
  host::Finished finished = co_await Command(std::move(job), command, "Suite-" + suite.name);
  finished.suite = api::SuiteResult{};
  finished.suite->name = suite.name;
  finished.suite->elapsed = clock_.Mono() - began;
  if (!suite.report.empty() && finished.outcome != host::Outcome::kInterrupted) {
    ChildRequest request;
    request.argv = {options_.content_program, "junit"};
    request.input =
        EncodeJunitRequest({.directory = directory, .pattern = suite.report, .suite = suite.name});
    request.deadline = kJunitTimeout;
    const Result<ChildReply> reply = co_await RunChild(std::move(request), control_);
    const Result<JunitReply> cases = reply ? DecodeJunitReply(reply.value().output) : reply.error();
    AddCases(cases, suite.report, finished);
  }
  finished.suite->result = finished.outcome;
  co_return finished;
}

asio::awaitable<Result<void>> Executor::Remove(Job job) {
  if (job.action.forget) {
    for (const std::string& process : ListDirectory(job.processes)) {
      if (FindSupervised(job.processes + "/" + process).running) {
        co_return Fail(Code::kUnavailable, process + " still runs");
      }
    }
    std::vector<std::string> argv = {"/bin/rm", "-rf", "--", job.processes};
    SLIPWAY_CO_TRYV(
        co_await RunTool(job, std::move(argv), "deleting what is known of its processes"));
  }
  if (job.action.remove.empty()) {
    co_return Ok();
  }
  SLIPWAY_CO_TRYV(MoveToTrash(job.layout, job.action.remove));
  co_return co_await EmptyTrash(job);
}

}  // namespace slipway::agent
