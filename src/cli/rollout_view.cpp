#include "src/cli/rollout_view.hpp"

#include <algorithm>
#include <set>

#include "src/cli/output.hpp"

namespace slipway::cli {
namespace {

constexpr std::size_t kShownServers = 12;
constexpr int kBarCells = 20;
constexpr const char* kGreen = "32";
constexpr const char* kRed = "31";
constexpr const char* kYellow = "33";
constexpr const char* kDim = "2";

template <typename Enum>
std::string Text(Enum value) {
  return std::string(api::ToString(value));
}

/// One server's part in a rollout.
struct Part {
  const api::Server* server;
  const api::Intent* intent;
  const api::ServerRelease* release;  ///< nullptr: nothing is known of it

  bool Reported() const {
    return release != nullptr && release->attempt.has_value() &&
           release->attempt->rollout == intent->rollout &&
           release->attempt->number == intent->attempt;
  }
  bool Done() const { return Reported() && release->attempt->phase == api::AttemptPhase::kEnded; }
  bool Good() const { return Done() && release->attempt->result == api::Outcome::kSucceeded; }
};

const api::ServerRelease* ReleaseOf(const api::Server& server, const std::string& application) {
  for (const auto& release : server.status.releases) {
    if (release.application == application) {
      return &release;
    }
  }
  return nullptr;
}

/// The servers whose intent this rollout wrote, in the order of their names: those that it brings, or takes `back`.
std::vector<Part> PartsOf(const RolloutPicture& picture, bool back) {
  const std::string& name = picture.rollout.metadata.name;
  std::vector<Part> parts;
  for (const api::Server& server : picture.servers) {
    for (const api::Intent& intent : server.spec.releases) {
      if (intent.application == picture.rollout.spec.application &&
          (back ? intent.from : intent.rollout) == name) {
        parts.push_back({&server, &intent, ReleaseOf(server, intent.application)});
      }
    }
  }
  return parts;
}

bool Unreachable(const api::Server& server) {
  for (const api::Condition& condition : server.status.conditions) {
    if (condition.type == "Reachable") {
      return condition.status != api::ConditionStatus::kTrue;
    }
  }
  return true;
}

/// What a server is doing, in a few words.
std::string WordsFor(const Part& part) {
  if (Unreachable(*part.server)) {
    return "unreachable";
  }
  if (!part.Reported()) {
    return "told";
  }
  const api::Attempt& attempt = *part.release->attempt;
  if (attempt.phase != api::AttemptPhase::kEnded) {
    const std::string words(api::ToString(attempt.phase));
    return attempt.step.empty() ? words : words + ": " + attempt.step;
  }
  std::string words(attempt.result ? api::ToString(*attempt.result) : "Ended");
  if (!part.Good() && !attempt.message.empty()) {
    words += ": " + attempt.message;
  }
  return words;
}

std::string Mark(const Part& part, bool color) {
  if (part.Good()) {
    return Colored("✔", kGreen, color);
  }
  return part.Done() ? Colored("✘", kRed, color) : Colored("●", kYellow, color);
}

const char* ColorOf(api::RolloutPhase phase) {
  switch (phase) {
    case api::RolloutPhase::kSucceeded:
      return kGreen;
    case api::RolloutPhase::kRollingBack:
    case api::RolloutPhase::kRolledBack:
    case api::RolloutPhase::kHalted:
    case api::RolloutPhase::kAborted:
      return kRed;
    case api::RolloutPhase::kPending:
    case api::RolloutPhase::kSuperseded:
      return kDim;
    case api::RolloutPhase::kTesting:
    case api::RolloutPhase::kProgressing:
    case api::RolloutPhase::kPaused:
      return kYellow;
  }
  return kDim;
}

std::string Bar(std::int64_t done, std::int64_t target) {
  const auto cells =
      target <= 0 ? 0
                  : static_cast<int>(std::min<std::int64_t>(kBarCells, done * kBarCells / target));
  std::string bar;
  for (int i = 0; i < kBarCells; ++i) {
    bar += i < cells ? "█" : "░";
  }
  return bar;
}

std::string GateLine(const RolloutPicture& picture, bool color) {
  const api::Rollout& rollout = picture.rollout;
  std::string line = "gate   ";
  if (!rollout.spec.template_.gate) {
    return line + "none";
  }
  if (rollout.status.gate.passed) {
    line += Colored("✔ passed", kGreen, color);
  } else if (!picture.gate) {
    return line + "waiting";
  } else if (picture.gate->status.phase != api::TestRunPhase::kEnded) {
    line += Colored("● ", kYellow, color) + Text(picture.gate->status.phase);
    line += picture.gate->status.step.empty() ? "" : " " + picture.gate->status.step;
  } else {
    const bool failed = picture.gate->status.result == api::Outcome::kFailed;
    line += Colored(failed ? "✘ failed" : "● interrupted", failed ? kRed : kYellow, color);
  }
  if (picture.gate) {
    for (const api::SuiteResult& suite : picture.gate->status.suites) {
      line += "   " + suite.name;
      if (suite.tests > 0) {
        const auto good = suite.tests - suite.failures - suite.errors - suite.skipped;
        line += " " + std::to_string(good) + "/" + std::to_string(suite.tests);
      } else {
        line += " " + Text(suite.result);
      }
    }
    line += "   on " + picture.gate->spec.server;
  }
  return line;
}

std::string WaveLine(const api::WaveStatus& wave, bool begun, std::size_t good, bool color) {
  std::string line = wave.name;
  line.resize(std::max<std::size_t>(line.size(), 7), ' ');
  const auto done = static_cast<std::int64_t>(good);
  line += Bar(done, wave.target) + " " + std::to_string(done) + "/" + std::to_string(wave.target);
  if (wave.verdict) {
    const bool passed = *wave.verdict == api::WaveVerdict::kPassed;
    line += Colored(passed ? "  ✔ passed" : "  ✘ failed", passed ? kGreen : kRed, color);
  } else if (!begun) {
    line += Colored("  waiting", kDim, color);
  }
  if (wave.bake_elapsed.count() > 0) {
    line += "  baked " + Elapsed(wave.bake_elapsed);
  }
  return line;
}

/// One branch of the tree: a heading, and the servers below it.
struct Branch {
  std::string heading;
  std::vector<Part> parts;
  bool passed = false;     ///< a wave that is over: of no interest where there is little room
  std::size_t shown = 0;   ///< how many of `parts` have a line
  std::size_t hidden = 0;  ///< how many are counted in a line of their own

  Branch(std::string text, std::vector<Part> servers, bool over)
      : heading(std::move(text)), parts(std::move(servers)), passed(over) {
    const std::size_t all = parts.size();
    if (all > kShownServers) {
      std::erase_if(parts, [](const Part& part) { return part.Good(); });
    }
    shown = std::min(parts.size(), kShownServers);
    hidden = all - shown;
  }

  std::size_t Lines() const { return 1 + shown + (hidden > 0 ? 1 : 0); }

  /// One line less, or all servers less. False: only the heading is left.
  bool Fold() {
    const std::size_t before = Lines();
    if (passed || shown == 0 || (shown == 1 && hidden == 0)) {
      shown = hidden = 0;
    } else {
      std::stable_partition(parts.begin(), parts.end(),
                            [](const Part& part) { return !part.Good(); });
      // The first fold of a branch that counts nothing only trades a server for the count.
      const std::size_t fold = hidden == 0 && shown > 1 ? 2 : 1;
      shown -= fold;
      hidden += fold;
    }
    return Lines() < before;
  }
};

/// Folds branches until the tree has no more than `rows` lines, `others` included: passed waves first, then the longest.
void FoldToFit(std::vector<Branch>& branches, std::size_t others, std::size_t rows) {
  const auto lines = [&] {
    std::size_t sum = others;
    for (const Branch& branch : branches) {
      sum += branch.Lines();
    }
    return sum;
  };
  for (Branch& branch : branches) {
    if (branch.passed && lines() > rows) {
      branch.Fold();
    }
  }
  while (lines() > rows && !branches.empty()) {
    const auto longest = std::max_element(
        branches.begin(), branches.end(),
        [](const Branch& left, const Branch& right) { return left.Lines() < right.Lines(); });
    if (!longest->Fold()) {
      branches.erase(branches.begin());
    }
  }
}

void DrawBranch(const Branch& branch, bool last, bool color, std::vector<std::string>& lines) {
  lines.push_back((last ? "└─ " : "├─ ") + branch.heading);
  const std::string stem = last ? "   " : "│  ";
  for (std::size_t i = 0; i < branch.shown; ++i) {
    const Part& part = branch.parts[i];
    const bool end = i + 1 == branch.shown && branch.hidden == 0;
    lines.push_back(stem + (end ? "└─ " : "├─ ") + Mark(part, color) + " " +
                    part.server->metadata.name + "  " + WordsFor(part));
  }
  if (branch.hidden > 0) {
    lines.push_back(stem + "└─ " + (branch.shown > 0 ? "and " : "") +
                    std::to_string(branch.hidden) +
                    (branch.shown > 0    ? " more"
                     : branch.hidden > 1 ? " servers"
                                         : " server"));
  }
}

/// Cuts a line to `columns` characters; colour sequences take none and are kept whole.
std::string Fit(const std::string& line, int columns) {
  std::string out;
  int used = 0;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == '\x1b') {
      const std::size_t end = std::min(line.find('m', i), line.size() - 1) + 1;
      out.append(line, i, end - i);
      i = end;
      continue;
    }
    std::size_t end = i + 1;
    while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) {
      ++end;
    }
    if (used + 1 < columns) {
      out.append(line, i, end - i);
    } else if (used + 1 == columns) {
      out += "…";
    }
    ++used;
    i = end;
  }
  return out;
}

std::string Title(const RolloutPicture& picture, bool color) {
  const api::Rollout& rollout = picture.rollout;
  std::string line = rollout.metadata.name + "  " +
                     Colored(Text(rollout.status.phase), ColorOf(rollout.status.phase), color) +
                     "  " + rollout.spec.release.commit.value.substr(0, 8);
  if (!rollout.spec.release.subject.empty()) {
    line += " \"" + rollout.spec.release.subject + "\"";
  }
  return line + "  " + Elapsed(picture.age);
}

/// The waves, and the way back where there is one.
std::vector<Branch> BranchesOf(const RolloutPicture& picture, bool color) {
  const api::RolloutStatus& status = picture.rollout.status;
  const std::vector<Part> parts = PartsOf(picture, false);
  std::vector<Branch> branches;
  std::size_t good = 0;
  for (std::size_t i = 0; i < status.waves.size(); ++i) {
    std::vector<Part> members;
    for (const Part& part : parts) {
      if (part.intent->wave == static_cast<std::int64_t>(i) + 1) {
        members.push_back(part);
        good += part.Good() ? 1 : 0;
      }
    }
    const bool begun = status.wave > static_cast<std::int64_t>(i);
    branches.emplace_back(WaveLine(status.waves[i], begun, begun ? good : 0, color),
                          std::move(members), status.waves[i].verdict == api::WaveVerdict::kPassed);
  }
  if (status.phase == api::RolloutPhase::kRollingBack && status.stable) {
    std::vector<Part> returning = PartsOf(picture, true);
    std::erase_if(returning, [](const Part& part) { return part.Good(); });
    branches.emplace_back(Colored("back to " + status.stable->rollout, kRed, color),
                          std::move(returning), false);
  }
  return branches;
}

}  // namespace

std::vector<std::string> DrawRollout(const RolloutPicture& picture, const Look& look) {
  const api::Rollout& rollout = picture.rollout;
  std::vector<Branch> branches = BranchesOf(picture, look.color);
  const std::string& message = rollout.status.message;
  if (look.rows > 0) {
    const std::size_t others = message.empty() ? 2 : 3;
    FoldToFit(branches, others, static_cast<std::size_t>(look.rows));
  }
  std::vector<std::string> lines{Title(picture, look.color), (branches.empty() ? "└─ " : "├─ ") +
                                                                 GateLine(picture, look.color)};
  for (std::size_t i = 0; i < branches.size(); ++i) {
    DrawBranch(branches[i], i + 1 == branches.size(), look.color, lines);
  }
  if (!message.empty()) {
    lines.push_back("   " + message);
  }
  if (look.rows > 0) {
    lines.resize(std::min(lines.size(), static_cast<std::size_t>(look.rows)));
  }
  for (std::string& line : lines) {
    line = Fit(line, look.columns);
  }
  return lines;
}

std::vector<std::string> TellChanges(const RolloutPicture* before, const RolloutPicture& now) {
  std::vector<std::string> told;
  const api::Rollout& rollout = now.rollout;
  const std::string name = rollout.metadata.name + ": ";
  const auto changed = [&](const auto& read) {
    return before == nullptr || read(*before) != read(now);
  };
  if (before == nullptr) {
    told.push_back(Title(now, false));
  }
  if (changed([](const RolloutPicture& p) { return GateLine(p, false); })) {
    told.push_back(name + GateLine(now, false));
  }
  const auto parts = [](const RolloutPicture& picture) {
    std::set<std::pair<std::string, std::string>> words;
    for (const Part& part : PartsOf(picture, false)) {
      words.emplace(part.server->metadata.name, WordsFor(part));
    }
    for (const Part& part : PartsOf(picture, true)) {
      words.emplace(part.server->metadata.name, "going back, " + WordsFor(part));
    }
    return words;
  };
  const auto earlier = before == nullptr ? decltype(parts(now)){} : parts(*before);
  for (const auto& [server, words] : parts(now)) {
    if (!earlier.contains({server, words})) {
      told.push_back(name + server + " " + words);
    }
  }
  for (std::size_t i = 0; i < rollout.status.waves.size(); ++i) {
    const auto& wave = rollout.status.waves[i];
    const bool known = before != nullptr && i < before->rollout.status.waves.size() &&
                       before->rollout.status.waves[i].verdict == wave.verdict;
    if (wave.verdict && !known) {
      told.push_back(name + "wave " + wave.name + " " +
                     (*wave.verdict == api::WaveVerdict::kPassed ? "passed" : "failed"));
    }
  }
  if (changed([](const RolloutPicture& p) {
        return std::pair(p.rollout.status.phase, p.rollout.status.message);
      })) {
    told.push_back(name + Text(rollout.status.phase) +
                   (rollout.status.message.empty() ? "" : ", " + rollout.status.message));
  }
  return told;
}

}  // namespace slipway::cli
