#include <algorithm>

#include "reconciler/base/assert.hpp"
#include "reconciler/host/steps.hpp"

namespace slipway::host::steps {
namespace {

/// How often cleanUp is begun: it is repeated only where the agent was restarted in the middle of
/// it.
constexpr std::int64_t kMaxCleanUps = 3;

/// How often stopping and deleting are tried, and the pause before they are tried again.
constexpr std::int64_t kMaxTries = 3;
constexpr Duration kPause{10'000};

ActionId IdOf(const TestRecord& test) {
  return {.application = test.application,
          .test_run = test.name,
          .rollout = test.rollout,
          .number = test.number,
          .remove = false,
          .step = test.step,
          .suite = test.step == Step::kSuite ? test.suite : 0};
}

const std::vector<api::Suite>& SuitesOf(const TestRecord& test) {
  static const std::vector<api::Suite> kNone;
  return test.config.gate ? test.config.gate->suites : kNone;
}

const WantedTest* FindWanted(const Desk& desk, const TestRecord& test) {
  const auto found = std::ranges::find_if(desk.wanted->tests, [&](const WantedTest& wanted) {
    return wanted.name == test.name && wanted.uid == test.uid;
  });
  return found == desk.wanted->tests.end() ? nullptr : &*found;
}

/// What ends a gate run once its result is known: stop what runs, clean up, delete the directory.
bool EndsRun(Step step) { return step == Step::kStop || step == Step::kCleanUp; }

void SetStep(Desk& desk, TestRecord& test, Step step) {
  test.step = step;
  test.step_began = desk.snapshot.now;
}

void Conclude(Desk& desk, TestRecord& test, Outcome outcome, std::string message) {
  test.result = outcome;
  test.message = Shorten(std::move(message));
  SetStep(desk, test, Step::kStop);
}

std::string Summary(const TestRecord& test) {
  std::int64_t cases = 0;
  for (const api::SuiteResult& suite : test.suites) {
    cases += suite.tests;
  }
  std::string summary = std::to_string(test.suites.size()) +
                        (test.suites.size() == 1 ? " suite" : " suites") + " passed";
  if (cases > 0) {
    summary += ", " + std::to_string(cases) + (cases == 1 ? " case" : " cases");
  }
  return summary;
}

/// Goes to the next suite, or to the result where that was the last.
void EnterSuite(Desk& desk, TestRecord& test, std::int64_t suite) {
  if (suite < static_cast<std::int64_t>(SuitesOf(test).size())) {
    test.suite = suite;
    SetStep(desk, test, Step::kSuite);
    return;
  }
  const bool failed = std::ranges::any_of(test.suites, [](const api::SuiteResult& result) {
    return result.result != Outcome::kSucceeded;
  });
  if (failed) {
    Conclude(desk, test, Outcome::kFailed, test.message);
  } else {
    Conclude(desk, test, Outcome::kSucceeded, Summary(test));
  }
}

/// Goes from a step that succeeded to the next one that has something to do.
void EnterAfter(Desk& desk, TestRecord& test) {
  if (test.step == Step::kFetch) {
    test.checked_out = true;
    if (test.config.release.install) {
      return SetStep(desk, test, Step::kInstall);
    }
  }
  if (test.step == Step::kFetch || test.step == Step::kInstall) {
    if (test.config.gate && test.config.gate->populate) {
      return SetStep(desk, test, Step::kPopulate);
    }
  }
  if (test.step == Step::kHealth) {
    return EnterSuite(desk, test, 0);
  }
  SetStep(desk, test, test.step == Step::kStart ? Step::kHealth : Step::kStart);
}

void FoldSuite(Desk& desk, TestRecord& test, const Finished& finished) {
  SLIPWAY_ASSERT(finished.suite.has_value(), "a suite ended without a result");
  test.suites.push_back(*finished.suite);
  for (const api::CaseFailure& failure : finished.failures) {
    if (test.failures.size() < kMaxCaseFailures) {
      test.failures.push_back(failure);
    }
  }
  if (finished.outcome == Outcome::kInterrupted) {
    Conclude(desk, test, Outcome::kInterrupted,
             "suite " + finished.suite->name + ": " + finished.message);
    return;
  }
  if (finished.outcome == Outcome::kFailed) {
    test.message += test.message.empty() ? "" : "; ";
    test.message =
        Shorten(test.message + "suite " + finished.suite->name + ": " + finished.message);
  }
  EnterSuite(desk, test, test.suite + 1);
}

Action MakeAction(const Desk& desk, const TestRecord& test) {
  Action action{.id = IdOf(test),
                .release = test.id,
                .content = test.content,
                .config = test.config.release,
                .directory = test.name,
                .command = std::nullopt,
                .suite = std::nullopt,
                .keep = {},
                .remove = {}};
  if (test.step == Step::kFetch) {
    action.keep = CommitsToKeep(desk.plan.journal, test.content.repository);
  } else if (test.step == Step::kInstall) {
    action.command = test.config.release.install;
  } else if (test.step == Step::kPopulate) {
    action.command = test.config.gate->populate;
  } else if (test.step == Step::kCleanUp) {
    action.command = test.config.gate->clean_up;
  } else if (test.step == Step::kSuite) {
    action.suite = SuitesOf(test)[static_cast<std::size_t>(test.suite)];
  }
  return action;
}

/// Whether it is too early for what has failed `failures` times since the step began.
bool Waits(Desk& desk, const TestRecord& test, std::int64_t failures) {
  const MonoTime due = test.step_began + kPause;
  if (failures == 0 || due <= desk.snapshot.now) {
    return false;
  }
  WakeAfter(desk.plan, due - desk.snapshot.now);
  return true;
}

/// Stop, cleanUp and removal, each where it is needed, after the result is known.
void DriveEnd(Desk& desk, TestRecord& test, const Observed* observed) {
  if (test.step == Step::kStop && AnyRuns(observed) && test.stops < kMaxTries) {
    if (!Waits(desk, test, test.stops)) {
      desk.plan.action = MakeAction(desk, test);
    }
    return;
  }
  if (test.step == Step::kStop) {
    const bool clean = test.checked_out && test.config.gate && test.config.gate->clean_up &&
                       test.clean_ups < kMaxCleanUps;
    if (clean) {
      ++test.clean_ups;
      SetStep(desk, test, Step::kCleanUp);
      return;
    }
    if (Waits(desk, test, test.removals)) {
      return;
    }
    desk.plan.action = MakeAction(desk, test);
    desk.plan.action->id.remove = true;
    desk.plan.action->remove = {test.name};
    desk.plan.action->forget = true;
    return;
  }
  desk.plan.action = MakeAction(desk, test);
}

/// Takes the result of one of these. None of them keeps a run from ending.
void FoldEnd(Desk& desk, TestRecord& test, const Finished& finished) {
  const bool failed = finished.outcome != Outcome::kSucceeded;
  const std::string what = finished.id.remove ? "Remove" : ToString(test.step);
  if (failed) {
    const std::string said = "; " + what + ": " + finished.message;
    test.message = test.message.ends_with(said) ? test.message : Shorten(test.message + said);
  }
  if (finished.id.remove) {
    test.removals += failed ? 1 : 0;
    test.done = !failed || test.removals >= kMaxTries;
  } else if (test.step == Step::kCleanUp) {
    test.clean_ups = kMaxCleanUps;
  } else if (failed && ++test.stops >= kMaxTries && test.result == Outcome::kSucceeded) {
    // What still runs may disturb whatever is tested here next: nobody should build on this one.
    test.result = Outcome::kInterrupted;
  }
  SetStep(desk, test, Step::kStop);
}

void DriveHealth(Desk& desk, TestRecord& test, const Observed* observed) {
  const Verdict verdict = JudgeHealth(test.config.release, test.id, observed, test.step_began,
                                      desk.snapshot.now, /*once=*/true);
  WakeAfter(desk.plan, verdict.look_again);
  if (verdict.outcome == Outcome::kSucceeded) {
    EnterAfter(desk, test);
  } else if (verdict.outcome) {
    Conclude(desk, test, *verdict.outcome, "Health: " + verdict.message);
  }
}

}  // namespace

void InterruptGateRuns(Desk& desk) {
  Journal& journal = desk.plan.journal;
  for (auto& [name, test] : journal.tests) {
    if (test.done || test.incarnation == journal.incarnation) {
      continue;
    }
    test.incarnation = journal.incarnation;
    if (test.result) {
      SetStep(desk, test, Step::kStop);
    } else {
      Conclude(desk, test, Outcome::kInterrupted,
               "the agent was restarted during step " + std::string(ToString(test.step)));
    }
  }
}

void FoldGateRun(Desk& desk, const Finished& finished) {
  const auto found = desk.plan.journal.tests.find(finished.id.test_run);
  if (found == desk.plan.journal.tests.end() || found->second.done) {
    return;
  }
  TestRecord& test = found->second;
  ActionId expected = IdOf(test);
  expected.remove = finished.id.remove;
  if (expected != finished.id) {
    return;
  }
  if (finished.id.remove || EndsRun(test.step)) {
    FoldEnd(desk, test, finished);
  } else if (test.step == Step::kSuite) {
    FoldSuite(desk, test, finished);
  } else if (finished.outcome != Outcome::kSucceeded) {
    Conclude(desk, test, finished.outcome,
             std::string(ToString(test.step)) + ": " + finished.message);
  } else {
    EnterAfter(desk, test);
  }
}

void ForgetGateRuns(Desk& desk) {
  if (desk.wanted != nullptr) {
    std::erase_if(desk.plan.journal.tests, [&](const auto& entry) {
      return entry.second.done && FindWanted(desk, entry.second) == nullptr;
    });
  }
}

bool DriveGateRun(Desk& desk) {
  for (auto& [name, test] : desk.plan.journal.tests) {
    if (test.done) {
      continue;
    }
    const bool withdrawn =
        desk.wanted != nullptr && !test.result && FindWanted(desk, test) == nullptr;
    const Observed* observed = FindObserved(desk.snapshot.tests, name);
    if (desk.snapshot.active) {
      desk.plan.cancel = withdrawn && *desk.snapshot.active == IdOf(test);
    } else if (withdrawn) {
      Conclude(desk, test, Outcome::kInterrupted, "the control plane withdrew this run");
    } else if (EndsRun(test.step)) {
      DriveEnd(desk, test, observed);
    } else if (test.step == Step::kHealth) {
      DriveHealth(desk, test, observed);
    } else {
      desk.plan.action = MakeAction(desk, test);
    }
    return true;
  }
  return false;
}

bool BeginGateRun(Desk& desk) {
  if (desk.wanted == nullptr) {
    return false;
  }
  const WantedTest* next = nullptr;
  for (const WantedTest& wanted : desk.wanted->tests) {
    const bool known = desk.plan.journal.tests.contains(wanted.name);
    if (!known && (next == nullptr || wanted.name < next->name)) {
      next = &wanted;
    }
  }
  if (next == nullptr) {
    return false;
  }
  TestRecord test;
  test.name = next->name;
  test.uid = next->uid;
  test.application = next->application;
  test.rollout = next->rollout;
  test.number = next->number;
  test.id = next->id;
  test.content = next->content;
  test.config = next->config;
  test.incarnation = desk.plan.journal.incarnation;
  test.step_began = desk.snapshot.now;
  desk.plan.journal.tests.emplace(test.name, std::move(test));
  return true;
}

}  // namespace slipway::host::steps
