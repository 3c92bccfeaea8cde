#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/kube/client.hpp"

namespace slipway::cli {

/// What every client command may be given before its own options.
struct GlobalOptions {
  std::string kubeconfig;  ///< empty: $KUBECONFIG, then the data directory
  std::string context{};   ///< of the kubeconfig; empty: its current one
  std::string token{};     ///< instead of whom the kubeconfig says; empty: that one
  std::string ns{};        ///< empty: the kubeconfig's
};

/// How much a terminal shows.
struct WindowSize {
  int columns = 80;
  int rows = 24;
};

/// Where a command reads and writes, and what it may draw.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;  ///< `out` is a terminal: a live view may redraw itself
  bool color = false;     ///< a terminal, and NO_COLOR is not set
  /// The size of the terminal at this moment; people change it.
  std::function<WindowSize()> window = [] { return WindowSize{}; };
};

/// How a command ended. Documented in the README and in `slipway help`.
enum ExitCode : int { kSucceeded = 0, kFailed = 1, kUsage = 2, kTimedOut = 3 };

/// One kind as the command line knows it.
struct Resource {
  std::string kind;    ///< Application
  std::string plural;  ///< applications
  std::string prefix;  ///< /apis/slipway.dev/v1alpha1, or /api/v1
  bool namespaced = true;
};

/// The resource called `word`: a kind, a plural, a singular or a short name, in any case. kNotFound
/// lists what there is.
Result<Resource> FindResource(const std::string& word);

/// The resource of a document's apiVersion and kind.
Result<Resource> FindResource(const std::string& api_version, const std::string& kind);

/// A collection at one moment.
struct Listing {
  std::vector<nlohmann::json> items;
  std::string resource_version;
};

/// What a client command works with: the API of one kubeconfig, in one namespace. Blocking; may be used by several
/// threads.
class Session {
 public:
  static Result<Session> Open(const GlobalOptions& options);

  const std::string& ns() const { return ns_; }

  /// Where the API is, and who asks.
  const kube::Connection& connection() const { return client_.connection(); }

  /// Path of a collection, or of one object where `name` is not empty. `all_namespaces` leaves the
  /// namespace out.
  std::string Path(const Resource& resource, const std::string& name,
                   bool all_namespaces = false) const;
  std::string PathIn(const Resource& resource, const std::string& ns,
                     const std::string& name) const;

  /// The object at a path that Path() made.
  Result<nlohmann::json> Get(const std::string& path) const;

  /// Every object of the collection that the query (such as {"labelSelector", "app=x"}) selects:
  /// all pages.
  Result<Listing> List(const Resource& resource,
                       const std::map<std::string, std::string>& query = {},
                       bool all_namespaces = false) const;
  Result<nlohmann::json> Create(const std::string& path, const nlohmann::json& object) const;
  /// `object`: the part of it that `manager` wants. kConflict where others own something of that,
  /// unless `force`.
  Result<nlohmann::json> ServerSideApply(const std::string& path, const nlohmann::json& object,
                                         const std::string& manager, bool force) const;
  Result<nlohmann::json> MergePatch(const std::string& path, const nlohmann::json& patch) const;

  /// One request, and one watch, as kube::Client has them; errors also say what to do.
  Result<std::string> Send(const kube::Request& request) const;
  Result<void> Stream(const kube::Request& request, Duration idle,
                      const std::function<bool(const std::string& line)>& on_line,
                      const std::stop_token& stop = {}) const;

 private:
  Session(kube::Client client, std::string ns) : client_(std::move(client)), ns_(std::move(ns)) {}

  kube::Client client_;
  std::string ns_;
};

/// Parses an answer of the API. kInternal where it is not JSON.
Result<nlohmann::json> ParseAnswer(const std::string& text);

/// The error of an answer of the API to a request for `path`, with a sentence on what to do where only that is missing.
Error Advised(Error error, const std::string& path);

/// Prints an error and everything that is wrong, and says which exit code it means.
ExitCode Report(const Error& error, const Streams& streams);

}  // namespace slipway::cli
