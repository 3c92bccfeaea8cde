#include "src/app/server_command.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "reconciler/api/scalars.hpp"
#include "src/app/control_plane.hpp"

namespace slipway::app {
namespace {

namespace asio = boost::asio;

/// An orderly stop takes less than this; then the process ends as it is. What was acknowledged is durable anyway.
constexpr std::chrono::milliseconds kStopWithin{4'500};
constexpr Duration kDrain{500};
/// Shorter, and nobody could read a second page.
constexpr Duration kShortestHistory = std::chrono::seconds(1);
constexpr Duration kShortestGrace{3'000};

// What the last resort needs, which may be called at any moment.
volatile std::sig_atomic_t exit_code_then = 0;

void LeaveAsItIs(int /*signal*/) {
  static constexpr char kText[] = "server: not everything ended in time; leaving\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText, sizeof kText - 1);
  ::_exit(exit_code_then);
}

/// Ends the process after kStopWithin, whatever its threads do by then.
void LeaveSoon(int exit_code) {
  exit_code_then = exit_code;
  std::signal(SIGALRM, LeaveAsItIs);
  itimerval timer{};
  timer.it_value.tv_sec = kStopWithin.count() / 1'000;
  timer.it_value.tv_usec = kStopWithin.count() % 1'000 * 1'000;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

void PrintReady(const ControlPlane::Addresses& addresses) {
  std::cout << "To use it:\n"
            << "  export KUBECONFIG=" << addresses.kubeconfig << "\n"
            << "  slipway get applications\n"
            << "To let a server join:\n"
            << "  slipway token create --quiet >token\n"
            << "  slipway-agent --server " << addresses.agents << " --ca-hash " << addresses.ca_hash
            << " --token-file token --name NAME --root DIR\n"
            << "agents " << addresses.agents << "\n"
            << "ready " << addresses.api << std::endl;
}

}  // namespace

Result<ListenAddress> ParseListenAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string address = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  boost::system::error_code error;
  asio::ip::make_address(address, error);
  unsigned port = 0;
  const char* begin = text.data() + (colon == std::string::npos ? text.size() : colon + 1);
  const auto parsed = std::from_chars(begin, text.data() + text.size(), port);
  if (error || begin == text.data() + text.size() || parsed.ec != std::errc() ||
      parsed.ptr != text.data() + text.size() || port > 65535) {
    return Fail(Code::kInvalid, "\"" + text +
                                    "\": must be an IP address and a port, such as 127.0.0.1:7443 "
                                    "or [::]:7443; port 0 takes any that is free");
  }
  return ListenAddress{address, static_cast<std::uint16_t>(port)};
}

int RunServer(const ServerOptions& options) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("slipway"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  spdlog::set_level(spdlog::level::from_str(options.log_level));
  asio::io_context io(1);
  int exit_code = 0;
  ControlPlane plane(io);
  std::optional<asio::signal_set> signals;
  bool stopping = false;
  const auto stop = [&] {
    if (std::exchange(stopping, true)) {
      return;
    }
    LeaveSoon(exit_code);
    plane.Stop([&] { io.stop(); });
  };
  const auto failed = [&](const Error& error) {
    std::cerr << "error: " << error.message << "\n";
    exit_code = 1;
    stop();
  };
  const auto started = plane.Start(options, PrintReady, failed);
  if (!started.has_value()) {
    std::cerr << "error: " << started.error().message << "\n";
    return 1;
  }
  // Not before: while the data is opened nobody would look at them, and to die then loses nothing.
  signals.emplace(io, SIGTERM, SIGINT);
  signals->async_wait([&](const boost::system::error_code& cancelled, int) {
    if (!cancelled) {
      stop();
    }
  });
  io.run();
  if (!plane.Drain(kDrain)) {
    spdlog::info("server: a poll was cut off");
    std::_Exit(exit_code);
  }
  return exit_code;
}

namespace {

void AddAuditOptions(CLI::App& command, ServerOptions& options) {
  constexpr std::uint64_t kSmallest = 10'000;
  command.add_option("--audit-log", options.audit_log,
                     "Note in this file who changed what, and who was refused: one JSON line each");
  command
      .add_option("--audit-log-max-size", options.audit_log_max_size,
                  "Size, such as 100MB, above which FILE becomes FILE.1 and the next one begins")
      ->transform(CLI::AsSizeValue(true))
      ->check(CLI::Range(kSmallest, std::uint64_t{1} << 40))
      ->capture_default_str();
  command
      .add_option("--audit-log-max-backups", options.audit_log_max_backups,
                  "How many of those files are kept")
      ->check(CLI::Range(0, 1'000))
      ->capture_default_str();
}

}  // namespace

void AddServerCommand(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("server", "Run the control plane");
  auto options = std::make_shared<ServerOptions>();
  command->add_option("--data-dir", options->data_dir, "Where everything is kept")
      ->capture_default_str();
  command->add_option("--listen", options->listen, "ADDRESS:PORT of the API")
      ->capture_default_str();
  command->add_option("--agent-listen", options->agent_listen, "ADDRESS:PORT for agents")
      ->capture_default_str();
  command->add_option("--name", options->names,
                      "Another name or address by which clients and agents reach this machine");
  command->add_flag("--allow-file-urls", options->allow_file_urls,
                    "Let GitRepositories name file:// URLs, which read this machine's files");
  command->add_flag("!--no-controllers", options->controllers,
                    "Serve the API only: nothing is rolled out, listed or fetched, such as to look "
                    "at a restored backup");
  command
      ->add_option("--allow-inventory", options->allowed_inventories,
                   "A program, with its arguments, that Fleets may have run to list servers; "
                   "may be given again")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      ->add_option("--allow-server-list", options->allowed_server_lists,
                   "A file that Fleets may have read, and watched, as their list of servers; "
                   "may be given again")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check([](const std::string& path) {
        return path.starts_with('/') ? "" : "must be an absolute path, as a Fleet names it";
      });
  command->add_option_function<std::string>(
      "--agent-grace",
      [options](const std::string& text) {
        const auto parsed = api::ParseDuration(text);
        if (!parsed.has_value() || parsed.value() < kShortestGrace) {
          throw CLI::ValidationError("--agent-grace",
                                     "must be a length of time of at least 3s, such as 15s");
        }
        options->agent_grace = parsed.value();
      },
      "Silence of an agent after which its server counts as unreachable (15s)");
  AddAuditOptions(*command, *options);
  command->add_option_function<std::string>(
      "--history",
      [options](const std::string& text) {
        const auto parsed = api::ParseDuration(text);
        if (!parsed.has_value() || parsed.value() < kShortestHistory) {
          throw CLI::ValidationError("--history",
                                     "must be a length of time of at least 1s, such as 10m");
        }
        options->history = parsed.value();
      },
      "How long changes are kept for watches that reconnect and lists that are read page by page "
      "(10m)");
  command->add_option("--log-level", options->log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  command->callback([options, &exit_code] {
    for (const std::string* address : {&options->listen, &options->agent_listen}) {
      const auto parsed = ParseListenAddress(*address);
      if (!parsed.has_value()) {
        throw CLI::ValidationError(parsed.error().message);
      }
    }
    exit_code = RunServer(*options);
  });
}

}  // namespace slipway::app
