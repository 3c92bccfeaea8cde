#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"

namespace CLI {
class App;
}

namespace slipway::app {

/// What `slipway server` is told.
struct ServerOptions {
  std::string data_dir = "/var/lib/slipway";
  std::string listen = "127.0.0.1:7443";      ///< ADDRESS:PORT of the API; port 0: any
  std::string agent_listen = "0.0.0.0:7444";  ///< ADDRESS:PORT for agents; port 0: any
  std::vector<std::string> names;             ///< more names and addresses for the certificate
  bool allow_file_urls = false;
  std::vector<std::string> allowed_inventories;   ///< programs that Fleets may have run
  std::vector<std::string> allowed_server_lists;  ///< files that Fleets may have read
  bool controllers = true;       ///< false: the API only, nothing is rolled out, listed or fetched
  Duration agent_grace{15'000};  ///< silence after which a server counts as unreachable
  Duration history = std::chrono::minutes(10);  ///< of changes, for watches and pages of lists
  std::string log_level = "info";
  std::string audit_log;  ///< a file; empty: there is none
  std::uint64_t audit_log_max_size = 100'000'000;
  std::size_t audit_log_max_backups = 10;
};

/// An IP address and a port. kInvalid says how it is written.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};
/// Reads ADDRESS:PORT; kInvalid says how it is written.
Result<ListenAddress> ParseListenAddress(const std::string& text);

/// Runs the control plane until SIGTERM or SIGINT; everything it starts has ended when it returns. The exit code: 0 after an
/// orderly stop, 1 when it could not start, with the reason on standard error.
int RunServer(const ServerOptions& options);

/// Adds the command to `app`; parsing it leaves how it ended in `exit_code`, which outlives `app`.
void AddServerCommand(CLI::App& app, int& exit_code);

}  // namespace slipway::app
