#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/kube/kubeconfig.hpp"

namespace slipway::kube {

/// One request. `path` begins with a slash; `query` is not yet escaped.
struct Request {
  std::string method = "GET";
  std::string path;
  std::map<std::string, std::string> query = {};
  std::string body = {};
  std::string content_type = "application/json";
  std::string accept = "application/json";
};

/// A Kubernetes Status, or whatever else came with an HTTP status that is not 2xx, as an Error.
Error ErrorOf(int status, const std::string& body);

/// A client of one Kubernetes-shaped API: TLS, a client certificate or a token, no redirects. Every
/// call blocks until its answer or its deadline; one client may be used by several threads.
class Client {
 public:
  /// `deadline` bounds each Send. kInvalid where the connection's certificate or key cannot be
  /// used.
  static Result<Client> Open(Connection connection, Duration deadline = std::chrono::seconds(30));

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// The body of a 2xx answer. A Status answer becomes its Error (code, message, causes); no answer
  /// is kUnavailable or kTimeout and names the server. Answers beyond 64 MiB are refused with
  /// kTooLarge.
  Result<std::string> Send(const Request& request) const;

  /// Reads a stream of JSON lines (a watch) until `on_line` says false, the server closes it, `stop`
  /// is asked for (on any thread), or nothing has come for `idle`. All but the last are values.
  Result<void> Stream(const Request& request, Duration idle,
                      const std::function<bool(const std::string& line)>& on_line,
                      const std::stop_token& stop = {}) const;

  const Connection& connection() const;

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::kube
