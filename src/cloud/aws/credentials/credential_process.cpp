#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/cloud/aws/credentials/credential_sources.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr Duration kProcessDeadline{60'000};
constexpr std::size_t kMaxPrintedBytes = std::size_t{64} << 10;

/// Words as a POSIX shell splits them: quotes and backslashes, and nothing else of a shell. nullopt where a quote is not closed.
std::optional<std::vector<std::string>> ShellWords(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t at = 0; at < command.size(); ++at) {
    const char letter = command[at];
    const char next = at + 1 < command.size() ? command[at + 1] : '\0';
    const bool escapes =
        letter == '\\' && (quote == 0 || (quote == '"' && (next == '"' || next == '\\')));
    if (escapes) {
      if (next == '\0') {
        return std::nullopt;
      }
      word += next;
      in_word = true;
      ++at;
    } else if (letter == quote) {
      quote = 0;
    } else if (quote != 0) {
      word += letter;
    } else if (letter == '"' || letter == '\'') {
      quote = letter;
      in_word = true;
    } else if (letter == ' ' || letter == '\t') {
      if (in_word) {
        words.push_back(std::exchange(word, ""));
      }
      in_word = false;
    } else {
      word += letter;
      in_word = true;
    }
  }
  if (in_word) {
    words.push_back(word);
  }
  return quote == 0 ? std::optional(words) : std::nullopt;
}

std::string HowItEnded(const process::ProcessOutcome& outcome) {
  if (outcome.timed_out) {
    return "did not end within 60 s";
  }
  if (outcome.too_much_output) {
    return "prints more than 64 KiB";
  }
  return outcome.signal != 0 ? "was ended by signal " + std::to_string(outcome.signal)
                             : "ended with exit code " + std::to_string(outcome.exit_code);
}

}  // namespace

Result<Answer> FromProcess(process::ProcessRunner& processes, const Environment& environment,
                           const std::string& command, const std::string& profile) {
  const std::string named = Named(profile);
  if (command.empty()) {
    return Nothing(named + " sets none");
  }
  const auto words = ShellWords(command);
  if (!words || words->empty()) {
    return Fail(Code::kInvalid, "credential_process of " + named +
                                    " has a quote that is not closed, or names no program");
  }
  process::ProcessRequest request;
  request.argv = *words;
  for (const auto& [name, value] : environment) {
    request.env.push_back(name + "=" + value);
  }
  request.deadline = kProcessDeadline;
  request.max_output_bytes = kMaxPrintedBytes;
  const auto outcome = processes.Run(request);
  if (!outcome.has_value()) {
    const bool missing = outcome.error().code == Code::kNotFound;
    return Fail(outcome.error().code, "the program of " + named +
                                          (missing ? " is not there" : " cannot be started") +
                                          ": correct credential_process");
  }
  if (!outcome.value().succeeded()) {
    return Fail(Code::kUnavailable, "the program of " + named + " " + HowItEnded(outcome.value()) +
                                        ". Run it by hand to see why: what it writes may hold "
                                        "secrets, so it is not shown here");
  }
  const nlohmann::json tree = ReadJson(outcome.value().out);
  if (!tree.is_object() || !tree.contains("Version") || tree["Version"] != 1) {
    return Fail(Code::kInvalid, "the program of " + named +
                                    " prints no JSON object with \"Version\": 1. Run it by hand to "
                                    "see what it prints");
  }
  auto made = ReadCredentials(
      outcome.value().out, {.token = "SessionToken", .lasting = true, .may_be_quoted = false}, {});
  if (!made.has_value()) {
    return Fail(made.error().code, "the program of " + named + ": " + made.error().message);
  }
  made.value().source = "credential_process of " + named;
  return Found(std::move(made.value()));
}

}  // namespace slipway::cloud::aws
