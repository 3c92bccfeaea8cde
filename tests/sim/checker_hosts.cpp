#include <algorithm>

#include "tests/sim/checker.hpp"

// What really happens on the servers.
namespace slipway::sim {

void Checker::OnJournal(const Host& host, const host::Journal& before, const host::Journal& after) {
  if (after.epoch < before.epoch) {
    throw Violation("6: " + host.name() + " goes back in epoch");
  }
  if (after.incarnation < before.incarnation) {
    throw Violation("6: " + host.name() + " goes back in incarnation");
  }
  int in_progress = 0;
  for (const auto& [application, record] : after.applications) {
    if (!record.attempt) {
      continue;
    }
    const host::AttemptRecord& attempt = *record.attempt;
    in_progress += attempt.result ? 0 : 1;
    const auto old = before.applications.find(application);
    const bool known = old != before.applications.end() && old->second.attempt == record.attempt;
    if (known || !attempt.result) {
      continue;
    }
    if (*attempt.result == host::Outcome::kSucceeded) {
      succeeded_somewhere_.insert(attempt.rollout);
      if (!host.IsHealthyOn(application, attempt.id)) {
        throw Violation("12: " + host.name() + " calls " + attempt.rollout +
                        " a success, and it is not healthy");
      }
    } else if (*attempt.result == host::Outcome::kFailed) {
      failed_somewhere_.insert(attempt.rollout);
    }
  }
  if (in_progress > 1) {
    throw Violation("3: " + host.name() + " works on two releases at once");
  }
  for (const auto& [name, test] : after.tests) {
    const auto old = before.tests.find(name);
    if (!test.result || (old != before.tests.end() && old->second.result)) {
      continue;
    }
    if (*test.result == host::Outcome::kFailed) {
      failed_somewhere_.insert(test.rollout);
    } else if (*test.result == host::Outcome::kSucceeded) {
      const auto suites = static_cast<std::int64_t>(test.config.gate->suites.size());
      if (suites_passed_[test.uid.value] < suites) {
        throw Violation("2: " + name + " passed without all of its suites");
      }
      const auto rollout = rollouts_.find(test.rollout);
      if (rollout != rollouts_.end()) {
        passed_gate_[rollout->second.spec.application].insert(
            {{test.id.commit.value, test.id.hash.value},
             api::EncodeCanonical(rollout->second.spec.template_)});
      }
    }
  }
}

void Checker::OnBegin(const Host& host, const host::Action& action) {
  if (action.id.remove) {
    return;
  }
  const std::string said = api::EncodeCanonical(action.config);
  const bool stops = action.id.step == host::Step::kStop;
  if (!stops) {
    const auto [known, added] = configurations_.emplace(action.release.hash.value, said);
    if (!added && known->second != said) {
      throw Violation("2: two configurations under the hash " + action.release.hash.value);
    }
  }
  if (action.id.test_run.empty() && !stops &&
      !may_run_[action.id.application].contains(
          {action.release.commit.value, action.release.hash.value})) {
    throw Violation("2: " + host.name() + " works on " + action.release.commit.value +
                    ", which no wave has brought");
  }
}

void Checker::OnEnd(const Host& host, const host::Action& action, const host::Finished& finished) {
  const auto test = host.journal().tests.find(action.id.test_run);
  if (action.id.step == host::Step::kSuite && finished.outcome == host::Outcome::kSucceeded &&
      test != host.journal().tests.end()) {
    ++suites_passed_[test->second.uid.value];
  }
}

}  // namespace slipway::sim
