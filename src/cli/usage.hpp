#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

// What `slipway` says of its own commands. Pure.
namespace slipway::cli {

/// Why a command line was not understood, after `app` tried to parse it: "error: slipway get: …", and where to read more. Ends
/// in a newline.
std::string UsageError(const CLI::App& app, const CLI::ParseError& wrong);

/// The help of the command that `words` name, such as {rollout, status}; of all where there is no word. Throws a
/// CLI::ParseError where there is none.
std::string HelpOf(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace slipway::cli
