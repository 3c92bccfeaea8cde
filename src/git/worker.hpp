#pragma once

#include <iosfwd>

namespace slipway::git {

/// The whole of `slipway git-worker`: reads one FetchRequest as JSON to the end of `in`, limits
/// this process, talks to the remote, writes one reply as JSON to `out`. Returns the exit code: 0
/// whenever a reply was written, also one that says what went wrong. Changes the process (resource
/// limits, HOME, signal handling): for a child process only.
int RunGitWorker(std::istream& in, std::ostream& out);

}  // namespace slipway::git
