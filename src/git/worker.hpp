#pragma once

#include <iosfwd>

namespace slipway::git {

/// The commit of the last poll that was good, in a mirror: what the next poll tells the remote that we have. Written by the
/// parent, read by the worker.
inline constexpr const char* kFetchedReference = "refs/slipway/fetched";

/// The whole of `slipway git-worker`: reads one FetchRequest as JSON to the end of `in`, limits
/// this process, talks to the remote, writes one reply as JSON to `out`. Returns the exit code: 0
/// whenever a reply was written, also one that says what went wrong. Changes the process (resource
/// limits, HOME, signal handling): for a child process only.
int RunGitWorker(std::istream& in, std::ostream& out);

}  // namespace slipway::git
