#pragma once

#include <string>

#include "reconciler/host/planner.hpp"
#include "src/agent/junit.hpp"

namespace slipway::agent {

/// ": " and the last line that says something, at most 300 bytes; empty where none does.
std::string LastLine(const std::string& text);

/// The last `lines` lines of a text.
std::string LastLines(const std::string& text, std::int64_t lines);

/// Puts what the reports say into the result of a suite: counts and cases; a suite whose report is
/// missing or tells of a failure is Failed also where its command succeeded. An error is a report that
/// nobody could look at: nothing was measured, unless the command failed.
void AddCases(const Result<JunitReply>& cases, const std::string& pattern,
              host::Finished& finished);

}  // namespace slipway::agent
