#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "src/app/server_command.hpp"
#include "src/app/version.hpp"
#include "src/cli/commands.hpp"
#include "src/cli/usage.hpp"
#include "src/git/worker.hpp"

namespace {

/// As which command this was started: kubectl runs a program kubectl-slipway as `kubectl slipway`.
std::string CalledAs(std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  return file == "kubectl-slipway" ? "kubectl slipway" : "slipway";
}

std::string Footer(const std::string& called) {
  return "Exit codes: 0 succeeded, 1 failed or rolled back, 2 wrong usage, 3 timed out.\n`" +
         called + " COMMAND --help` says more about a command.";
}

/// The exit code of a command that ended with `exit_code`: nothing succeeded whose answer could not be written.
int Written(int exit_code) {
  errno = 0;
  if (std::cout.flush() || exit_code != slipway::cli::kSucceeded) {
    return exit_code;
  }
  std::cerr << "error: standard output cannot be written"
            << (errno != 0 ? std::string(": ") + std::strerror(errno) : "") << "\n";
  return slipway::cli::kFailed;
}

int Run(int argc, char** argv) {
  using namespace slipway;
  const std::string called = CalledAs(argv[0]);
  CLI::App app("GitOps for servers: push a commit, and it is tested, rolled out and proven.",
               called);
  app.footer(Footer(called));
  app.require_subcommand(1);
  const std::string version = std::string("slipway ") + app::kVersion;
  app.set_version_flag("--version", version, "Print the version");
  int server_exit = 0;
  cli::ExitCode client_exit = cli::kSucceeded;
  const cli::Streams streams = cli::StandardStreams();
  app::AddServerCommand(app, server_exit);
  cli::AddClientCommands(app, streams, client_exit);
  app.add_subcommand("version", "Print the version")->callback([&] {
    std::cout << version << "\n";
  });
  std::vector<std::string> asked_for;
  auto* help = app.add_subcommand("help", "Print this, or the help of a command");
  help->add_option("command", asked_for, "Such as: rollout status");
  // Once `help` is parsed, CLI11 takes its help for that of the whole.
  const std::string overview = app.help();
  help->callback(
      [&] { std::cout << (asked_for.empty() ? overview : cli::HelpOf(app, asked_for)); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return Written(app.exit(asked));
  } catch (const CLI::ParseError& wrong) {
    std::cerr << cli::UsageError(app, wrong);
    return cli::kUsage;
  }
  return app.got_subcommand("server") ? server_exit : Written(client_exit);
}

}  // namespace

int main(int argc, char** argv) {
  // The child process that talks to git remotes: not for people, and it must read nothing but its request.
  if (argc == 2 && std::string_view(argv[1]) == "git-worker") {
    return slipway::git::RunGitWorker(std::cin, std::cout);
  }
  return Run(argc, argv);
}
