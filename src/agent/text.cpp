#include "src/agent/text.hpp"

#include <algorithm>

namespace slipway::agent {
namespace {

constexpr std::size_t kMaxLineBytes = 300;

std::string CountOf(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::string LastLine(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t\n");
  if (end == std::string::npos) {
    return "";
  }
  const std::size_t newline = text.rfind('\n', end);
  std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
  std::size_t size = std::min(end + 1 - begin, kMaxLineBytes);
  while (begin + size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[begin + size]) & 0xC0U) == 0x80U) {
    --size;
  }
  return ": " + text.substr(begin, size);
}

std::string LastLines(const std::string& text, std::int64_t lines) {
  std::size_t at = text.size();
  if (at > 0 && text[at - 1] == '\n') {
    --at;
  }
  for (std::int64_t i = 0; i < lines; ++i) {
    const std::size_t newline = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    if (newline == std::string::npos) {
      return text;
    }
    at = newline;
  }
  return text.substr(std::min(at + 1, text.size()));
}

void AddCases(const Result<JunitReply>& cases, const std::string& pattern,
              host::Finished& finished) {
  std::string trouble;
  host::Outcome outcome = host::Outcome::kFailed;
  if (!cases) {
    trouble = "nobody could look for its report: " + cases.error().message;
    outcome = finished.outcome == host::Outcome::kSucceeded ? host::Outcome::kInterrupted : outcome;
  } else {
    const JunitReply& reply = cases.value();
    finished.suite->tests = reply.tests;
    finished.suite->failures = reply.failures;
    finished.suite->errors = reply.errors;
    finished.suite->skipped = reply.skipped;
    finished.failures = reply.cases;
    if (reply.failures + reply.errors > 0) {
      trouble = CountOf(reply.failures + reply.errors, "case") + " of " +
                std::to_string(reply.tests) + " failed";
    } else if (reply.files == 0 && finished.outcome == host::Outcome::kSucceeded) {
      trouble = "it wrote no report: nothing matches " + pattern;
    } else if (!reply.error.empty()) {
      trouble = "its report cannot be read: " + reply.error;
    }
  }
  if (trouble.empty()) {
    return;
  }
  const std::string command = finished.message;
  finished.message = command.empty() ? trouble : trouble + " (" + command + ")";
  finished.outcome = outcome;
}

}  // namespace slipway::agent
