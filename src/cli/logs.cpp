#include "src/cli/logs.hpp"

#include <ostream>

namespace slipway::cli {

ExitCode Logs(const Session& session, const LogsOptions& options, const Streams& streams) {
  const auto resource = FindResource("servers");
  if (!resource.has_value()) {
    return Report(resource.error(), streams);
  }
  kube::Request request{.path = session.Path(resource.value(), options.server) + "/log"};
  request.accept = "text/plain";
  request.query = {{"application", options.application},
                   {"tailLines", std::to_string(options.lines)}};
  if (!options.process.empty()) {
    request.query["process"] = options.process;
  }
  const auto text = session.Send(request);
  if (!text.has_value()) {
    return Report(text.error(), streams);
  }
  streams.out << text.value();
  return kSucceeded;
}

}  // namespace slipway::cli
