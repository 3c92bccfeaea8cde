#include "src/agent/agent_main.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "src/agent/agent.hpp"
#include "src/agent/files.hpp"
#include "src/agent/identity.hpp"
#include "src/agent/instance_identity.hpp"
#include "src/agent/log.hpp"
#include "src/agent/run_step.hpp"
#include "src/agent/supervise.hpp"
#include "src/process/system_clock.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;

constexpr int kStopped = 0;
constexpr int kTrouble = 1;
constexpr int kUsage = 2;
constexpr std::size_t kMaxTokenBytes = 4'096;
constexpr const char* kTokenVariable = "SLIPWAY_TOKEN";
constexpr Duration kIdentityPatience = std::chrono::minutes(2);

struct CommandLine {
  std::string server;
  std::string ca_hash;
  std::string token_file;
  std::string name;
  std::string identity;
  std::string root;
  std::string address;
};

std::string OwnPath() {
  std::array<char, 4'096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "slipway-agent";
}

/// The token, from the file or the environment, and out of the environment.
Result<std::string> ReadToken(const std::string& file) {
  const char* variable = std::getenv(kTokenVariable);
  std::string token = variable == nullptr ? "" : variable;
  ::unsetenv(kTokenVariable);
  if (!file.empty()) {
    SLIPWAY_TRY(text, ReadFile(file, kMaxTokenBytes));
    token = std::move(text);
  }
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
    token.pop_back();
  }
  for (const char character : token) {
    if (character <= ' ' || character > '~') {
      return Fail(Code::kInvalid, "the token holds characters that no token has");
    }
  }
  return token;
}

std::string Absolute(const std::string& path) {
  if (path.empty() || path[0] == '/') {
    return path;
  }
  std::array<char, 4'096> directory{};
  return ::getcwd(directory.data(), directory.size()) == nullptr
             ? path
             : std::string(directory.data()) + "/" + path;
}

Result<AgentOptions> MakeOptions(const CommandLine& line) {
  AgentOptions options;
  SLIPWAY_TRY(server, ParseServerUrl(line.server));
  SLIPWAY_TRY(hash, ParseCaHash(line.ca_hash));
  Result<std::string> token = ReadToken(line.token_file);
  if (!token && token.error().code != Code::kNotFound) {
    return token.error();
  }
  options.server = std::move(server);
  options.ca_hash = std::move(hash);
  options.token = token ? token.value() : "";
  options.token_problem = token ? "" : token.error().message;
  options.name = line.name;
  options.root = Absolute(line.root);
  options.address = line.address;
  options.program = OwnPath();
  options.content_program = options.program + "-content";
  options.version = SLIPWAY_VERSION;
  return options;
}

asio::awaitable<void> AskWhoThisIs(std::string provider, Result<InstanceIdentity>* answer) {
  *answer = co_await ReadIdentity(provider, MetadataUrl(provider), kIdentityPatience);
}

/// Which machine this is. Until it is known there is nothing that could be stopped in order.
Result<InstanceIdentity> FindIdentity(asio::io_context& io, const std::string& provider) {
  Result<InstanceIdentity> found = Fail(Code::kInternal, "");
  asio::co_spawn(io, AskWhoThisIs(provider, &found), [](const std::exception_ptr& thrown) {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  });
  io.run();
  io.restart();
  return found;
}

int RunAgent(const CommandLine& line) {
  Result<AgentOptions> options = MakeOptions(line);
  if (!options) {
    std::cerr << "slipway-agent: " << options.error().message << "\n";
    return kUsage;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const process::SystemClock clock;
  asio::io_context io(1);
  if (!line.identity.empty()) {
    const Result<InstanceIdentity> identity = FindIdentity(io, line.identity);
    if (!identity) {
      LogWarning(identity.error().message);
      return kTrouble;
    }
    options.value().name = identity.value().name;
    options.value().provider_id = identity.value().provider_id;
  }
  Agent agent(io, std::move(options.value()), clock);
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&agent](const boost::system::error_code& failed, int) {
    if (!failed) {
      LogInfo("stops; what runs goes on");
      agent.Stop();
    }
  });
  const Result<void> started = agent.Start();
  if (!started) {
    LogWarning(started.error().message);
    return kTrouble;
  }
  io.run();
  if (!agent.trouble().empty()) {
    LogWarning(agent.trouble());
    return kTrouble;
  }
  return kStopped;
}

/// The subcommands that the agent starts; -1 where it is none of them.
int RunPart(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "run-step" && argc == 2) {
    return RunStep(STDIN_FILENO, STDOUT_FILENO);
  }
  if (command == "supervise" && argc == 3) {
    return Supervise(argv[2], STDOUT_FILENO);
  }
  return -1;
}

}  // namespace

int AgentMain(int argc, char** argv) {
  const int part = RunPart(argc, argv);
  if (part >= 0) {
    return part;
  }
  CommandLine line;
  CLI::App app("Brings releases to this server and runs gates on it, as a Slipway server says.",
               "slipway-agent");
  app.set_version_flag("--version", std::string("slipway-agent ") + SLIPWAY_VERSION);
  app.add_option("--server", line.server, "https://HOST:PORT where agents connect")->required();
  app.add_option("--ca-hash", line.ca_hash,
                 "sha256:HEX of the server's CA certificate, as the server prints it")
      ->required();
  app.add_option(
      "--token-file", line.token_file,
      "File with the token of `slipway token create`; or set SLIPWAY_TOKEN. Needed only to join");
  auto* name = app.add_option("--name", line.name, "Name of this server, as its fleet lists it");
  auto* identity = app.add_option("--identity", line.identity,
                                  "Provider of this machine, whose metadata service says what its "
                                  "name is: aws, azure, gcp or openstack");
  identity->check(CLI::IsMember(IdentityProviders()))->excludes(name);
  app.add_option("--root", line.root, "Directory of this agent; one agent each")->required();
  app.add_option(
      "--address", line.address,
      "IP address of this server: SLIPWAY_ADDRESS, and where health checks go (default 127.0.0.1)");
  try {
    app.parse(argc, argv);
    if (line.name.empty() && line.identity.empty()) {
      throw CLI::RequiredError("--name, or --identity");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kStopped : kUsage;
  }
  return RunAgent(line);
}

}  // namespace slipway::agent
