#include "tests/reconciler/host/fake_host.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace slipway::host {
namespace {

std::vector<Observed> Values(const std::map<std::string, Observed>& all) {
  std::vector<Observed> values;
  for (const auto& [name, observed] : all) {
    values.push_back(observed);
  }
  return values;
}

}  // namespace

FakeHost::FakeHost() {
  outcome = [](const Action&) { return std::nullopt; };
  healthy = [](const ReleaseId&) { return true; };
  journal.incarnation = 1;
}

void FakeHost::Want(std::vector<WantedRelease> releases, std::vector<WantedTest> gate_runs) {
  Epoch epoch{.incarnation = "a", .version = 1};
  if (wanted) {
    epoch = wanted->epoch;
    ++epoch.version;
  }
  wanted = Wanted{.epoch = epoch, .releases = std::move(releases), .tests = std::move(gate_runs)};
}

void FakeHost::Observe() {
  for (auto* all : {&applications, &tests}) {
    for (auto& [name, observed] : *all) {
      for (ObservedProcess& process : observed.processes) {
        if (!process.running) {
          continue;
        }
        process.checked = true;
        if (healthy(process.id)) {
          process.healthy_since = process.healthy_since.value_or(now);
          process.was_healthy = true;
          process.bad_checks = 0;
        } else {
          process.healthy_since.reset();
          ++process.bad_checks;
          process.trouble = "answered 500";
        }
      }
    }
  }
}

bool FakeHost::Step() {
  Observe();
  std::vector<Observed> apps = Values(applications);
  for (Observed& observed : apps) {
    if (sees_only_what_is_on_record && !journal.applications.contains(observed.name)) {
      observed.current.clear();
      observed.directories.clear();
    }
  }
  const std::vector<Observed> runs = Values(tests);
  plan = PlanHost({.journal = journal,
                   .wanted = wanted ? &*wanted : nullptr,
                   .applications = apps,
                   .tests = runs,
                   .active = active_,
                   .finished = finished_,
                   .now = now,
                   .failed_removals = failed_removals_});
  finished_.reset();
  if (plan.journal != journal) {
    journal = plan.journal;
    ++journal_writes;
    return true;
  }
  for (const Upkeep& upkeep : plan.upkeep) {
    done.push_back("upkeep " + upkeep.application + "/" + upkeep.process);
    Start(applications[upkeep.application], upkeep.release, upkeep.config);
  }
  if (plan.action) {
    Act(*plan.action);
  }
  return plan.action || !plan.upkeep.empty();
}

void FakeHost::Act(const Action& action) {
  done.push_back(TextOf(action.id));
  const bool is_test = !action.id.test_run.empty();
  Observed& observed = is_test ? tests[action.id.test_run] : applications[action.id.application];
  observed.name = is_test ? action.id.test_run : action.id.application;
  const std::optional<Finished> bad = outcome(action);
  finished_ = bad.value_or(Finished{.id = action.id, .outcome = Outcome::kSucceeded});
  finished_->id = action.id;
  if (action.id.remove) {
    if (!action.remove.empty()) {
      EXPECT_EQ(action.config.root, WebTemplate().root) << "a removal says where";
    }
    if (finished_->outcome != Outcome::kSucceeded) {
      failed_removals_[action.id.application] = now;
      return;
    }
    for (const std::string& directory : action.remove) {
      removed.push_back(directory);
      std::erase(observed.directories, directory);
    }
    if (action.forget) {
      (is_test ? tests : applications).erase(is_test ? action.id.test_run : action.id.application);
    }
    return;
  }
  if (action.id.step == host::Step::kSuite && !finished_->suite) {
    finished_->suite = api::SuiteResult{};
    finished_->suite->name = action.suite->name;
    finished_->suite->tests = 2;
    finished_->suite->result = finished_->outcome;
  }
  if (action.id.step == host::Step::kFetch && !is_test) {
    observed.directories.push_back(action.directory);
  }
  if (finished_->outcome != Outcome::kSucceeded) {
    return;
  }
  if (action.id.step == host::Step::kStop) {
    for (ObservedProcess& process : observed.processes) {
      process.running = false;
      process.healthy_since.reset();
      process.was_healthy = false;
      process.trouble = "was stopped";
    }
  } else if (action.id.step == host::Step::kSwitch) {
    observed.current = action.directory;
  } else if (action.id.step == host::Step::kStart) {
    Start(observed, action.release, action.config);
  }
}

void FakeHost::Start(Observed& observed, const ReleaseId& id, const api::ReleaseTemplate& config) {
  for (const api::Process& wanted_process : config.processes) {
    auto found = std::ranges::find(observed.processes, wanted_process.name, &ObservedProcess::name);
    if (found == observed.processes.end()) {
      observed.processes.push_back({.name = wanted_process.name});
      found = std::prev(observed.processes.end());
    }
    if (!found->running) {
      *found = {.name = wanted_process.name, .running = true, .id = id};
    }
  }
}

void FakeHost::Run(std::int64_t for_ms) {
  const MonoTime until = now + Duration(for_ms);
  for (int steps = 0; steps < 10'000; ++steps) {
    if (Step()) {
      continue;
    }
    if (!plan.wake_after || now + *plan.wake_after > until) {
      return;
    }
    now = now + *plan.wake_after;
  }
}

void FakeHost::Restart() {
  active_.reset();
  finished_.reset();
  failed_removals_.clear();
  wanted.reset();
  ++journal.incarnation;
  for (auto* all : {&applications, &tests}) {
    for (auto& [name, observed] : *all) {
      for (ObservedProcess& process : observed.processes) {
        process.healthy_since.reset();
        process.was_healthy = false;
        process.bad_checks = 0;
        process.checked = !process.running;
      }
    }
  }
}

void FakeHost::Reboot() {
  Restart();
  for (auto* all : {&applications, &tests}) {
    for (auto& [name, observed] : *all) {
      for (ObservedProcess& process : observed.processes) {
        process.running = false;
        process.checked = true;
      }
    }
  }
}

const api::ServerRelease* FakeHost::Report(const std::string& application) const {
  const auto found =
      std::ranges::find(plan.releases, application, &api::ServerRelease::application);
  return found == plan.releases.end() ? nullptr : &*found;
}

const TestReport* FakeHost::Test(const std::string& name) const {
  const auto found = std::ranges::find(plan.tests, name, &TestReport::name);
  return found == plan.tests.end() ? nullptr : &*found;
}

std::string TextOf(const ActionId& id) {
  const std::string owner =
      id.test_run.empty() ? id.rollout + "/" + std::to_string(id.number) : id.test_run;
  if (id.remove) {
    return "remove " + (id.test_run.empty() ? id.application : id.test_run);
  }
  return owner + " " + ToString(id.step) +
         (id.step == Step::kSuite ? " " + std::to_string(id.suite) : "");
}

Finished Ended(api::Outcome outcome, const std::string& message) {
  return {.id = {}, .outcome = outcome, .message = message};
}

api::ReleaseTemplate WebTemplate() {
  api::ReleaseTemplate config;
  config.root = "/srv/shop";
  config.install = api::Command{.run = "make"};
  config.test = api::Command{.run = "make check"};
  api::Process web;
  web.name = "web";
  web.run = "./web";
  config.processes = {web};
  config.keep = 3;
  return config;
}

WantedRelease WantRelease(const std::string& rollout, std::int64_t number, char commit) {
  return {.application = "shop",
          .rollout = rollout,
          .number = number,
          .id = {Commit(std::string(40, commit)), ReleaseHash(std::string(64, commit))},
          .content = {.repository = "default/shop", .path = "", .tree = Tree(std::string(40, 'e'))},
          .config = WebTemplate()};
}

WantedTest WantTest(const std::string& name, char commit) {
  WantedTest test{.name = name,
                  .uid = Uid("uid-" + name),
                  .application = "shop",
                  .rollout = "shop-1",
                  .number = 1,
                  .id = {Commit(std::string(40, commit)), ReleaseHash(std::string(64, commit))},
                  .content = {.repository = "default/shop", .path = "", .tree = Tree()},
                  .config = {}};
  test.config.release = WebTemplate();
  test.config.gate = api::GateTemplate{};
  test.config.gate->populate = api::Command{.run = "./seed"};
  test.config.gate->clean_up = api::Command{.run = "./clean"};
  test.config.gate->suites = {{.name = "unit", .run = "make test"},
                              {.name = "smoke", .run = "./smoke"}};
  return test;
}

}  // namespace slipway::host
