#include "src/agent/logs.hpp"

#include <algorithm>

#include "src/agent/files.hpp"
#include "src/agent/text.hpp"

namespace slipway::agent {
namespace {

constexpr std::int64_t kMostLines = 100'000;

/// One part of a path: no separator, and not a way up.
bool IsName(const std::string& text) {
  return !text.empty() && text[0] != '.' && text.find('/') == std::string::npos;
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

/// The end of a file and, where that is not enough, of the older one beside it.
Result<std::string> ReadRotated(const std::string& path, std::int64_t lines) {
  Result<std::string> newest = ReadTail(path, protocol::kMaxLogBytes);
  if (!newest) {
    return newest;
  }
  const auto have = std::ranges::count(newest.value(), '\n');
  if (have >= lines || newest.value().size() >= protocol::kMaxLogBytes) {
    return newest;
  }
  const Result<std::string> older =
      ReadTail(path + ".1", protocol::kMaxLogBytes - newest.value().size());
  return older ? older.value() + newest.value() : newest.value();
}

}  // namespace

Result<std::string> ReadLogs(const Layout& layout, const std::string& server,
                             const protocol::LogsRequest& request) {
  const std::int64_t lines = std::clamp<std::int64_t>(request.lines, 1, kMostLines);
  if (!IsName(request.application)) {
    return Fail(Code::kInvalid, "application \"" + request.application + "\" is no name");
  }
  if (!request.step.empty()) {
    if (!IsName(request.step)) {
      return Fail(Code::kInvalid, "step \"" + request.step + "\" is no name");
    }
    const std::string directory = layout.StepLogs(request.application);
    SLIPWAY_TRY(text, ReadTail(directory + "/" + request.step + ".log", protocol::kMaxLogBytes));
    return LastLines(text, lines);
  }
  const std::vector<std::string> known = ListDirectory(layout.Processes(request.application));
  if (known.empty()) {
    return Fail(Code::kNotFound,
                "application " + request.application + " does not run on " + server);
  }
  const std::string process = request.process.empty() ? known.front() : request.process;
  if (std::ranges::find(known, process) == known.end()) {
    return Fail(Code::kNotFound, "application " + request.application + " has no process \"" +
                                     process + "\" on " + server + "; it has: " + Join(known));
  }
  SLIPWAY_TRY(text,
              ReadRotated(layout.Processes(request.application) + "/" + process + "/log", lines));
  return LastLines(text, lines);
}

}  // namespace slipway::agent
