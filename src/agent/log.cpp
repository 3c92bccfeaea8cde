#include "src/agent/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "reconciler/api/scalars.hpp"

namespace slipway::agent {
namespace {

void Write(const char* level, std::string text) {
  std::ranges::replace(text, '\n', ' ');
  const Time now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  const std::string line = api::FormatTime(now) + " " + level + " " + text + "\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) {
    return;  // there is nobody to tell
  }
}

}  // namespace

void LogInfo(const std::string& text) { Write("info", text); }
void LogWarning(const std::string& text) { Write("warning", text); }

}  // namespace slipway::agent
