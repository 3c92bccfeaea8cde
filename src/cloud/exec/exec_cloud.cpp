#include "src/cloud/exec/exec_cloud.hpp"

#include <cstdlib>
#include <sstream>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "src/cloud/exec/inventory.hpp"

namespace slipway::cloud {
namespace {

constexpr std::size_t kMaxOutputBytes = std::size_t{32}
                                        << 20;  ///< 10,000 servers with their labels are 5 MB

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  return words;
}

/// What it needs to find programs and its own settings; nothing else of ours.
std::vector<std::string> ProgramEnvironment() {
  std::vector<std::string> environment = {"LC_ALL=C.UTF-8"};
  for (const char* name : {"PATH", "HOME"}) {
    if (const char* value = std::getenv(name); value != nullptr) {
      environment.push_back(std::string(name) + "=" + value);
    }
  }
  return environment;
}

}  // namespace

Result<std::vector<runtime::ListedServer>> ExecCloud::List(const api::Provider& provider,
                                                           const SecretData& /*secret*/) {
  const std::string& run = provider.exec->run;
  if (!allowed_.contains(run)) {
    return Trouble(Code::kForbidden, "NotAllowed",
                   "This control plane may not run \"" + run +
                       "\": start it with --allow-inventory '" + run +
                       "', or name a program that it may run.");
  }
  process::ProcessRequest request;
  request.argv = Words(run);
  request.env = ProgramEnvironment();
  request.working_directory = "/";
  request.deadline = provider.exec->timeout;
  request.max_output_bytes = kMaxOutputBytes;
  const auto outcome = runner_.Run(request);
  if (!outcome.has_value()) {
    return Trouble(outcome.error().code,
                   outcome.error().code == Code::kNotFound ? "NotFound" : "ListFailed",
                   request.argv.front() + " cannot be run: " + outcome.error().message);
  }
  if (!outcome.value().succeeded() && !outcome.value().err.empty()) {
    on_complaint_(run, outcome.value().err);
  }
  if (outcome.value().timed_out) {
    return Trouble(
        Code::kTimeout, "Timeout",
        request.argv.front() + " took longer than " + api::FormatDuration(request.deadline) + ".");
  }
  if (outcome.value().too_much_output) {
    return Trouble(Code::kInvalid, "ListInvalid",
                   request.argv.front() + " prints more than 32 MiB: print the servers only.");
  }
  if (!outcome.value().succeeded()) {
    const bool killed = outcome.value().signal != 0;
    const int number = killed ? outcome.value().signal : outcome.value().exit_code;
    return Trouble(Code::kUnavailable, "ListFailed",
                   request.argv.front() + " ended with " + (killed ? "signal " : "exit code ") +
                       std::to_string(number) +
                       "; what it wrote to its standard error is in the log of the control plane.");
  }
  auto servers = ReadInventory(outcome.value().out);
  if (!servers.has_value()) {
    return Trouble(
        Code::kInvalid, "ListInvalid",
        request.argv.front() + " prints what is no list of servers: " + servers.error().message);
  }
  return servers;
}

}  // namespace slipway::cloud
