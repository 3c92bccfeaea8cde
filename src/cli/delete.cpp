#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "reconciler/base/json.hpp"
#include "src/cli/documents.hpp"
#include "src/cli/object_commands.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

struct Doomed {
  Resource resource;
  std::string name;
  std::string path;
};

Result<std::vector<Doomed>> Find(const Session& session, const DeleteOptions& options,
                                 const Streams& streams) {
  std::vector<Doomed> found;
  if (!options.files.empty()) {
    SLIPWAY_TRY(documents, ReadDocuments(options.files, streams.in));
    for (const Document& document : documents) {
      auto named = NameOf(document, session.ns());
      if (!named.has_value()) {
        Error error = named.error();
        error.message = document.where + ": " + error.message;
        return error;
      }
      const auto& [resource, name, ns] = named.value();
      found.push_back({resource, name, session.PathIn(resource, ns, name)});
    }
    return found;
  }
  SLIPWAY_TRY(resource, FindResource(options.resource));
  for (const std::string& name : options.names) {
    found.push_back({resource, name, session.Path(resource, name)});
  }
  return found;
}

/// Waits until the object with this uid is gone. The watch starts at the version that was deleted,
/// so nothing is missed.
Result<void> WaitUntilGone(const Session& session, const Doomed& doomed, const std::string& uid,
                           std::chrono::steady_clock::time_point end) {
  while (true) {
    const auto live = session.Get(doomed.path);
    if (!live.has_value()) {
      return live.error().code == Code::kNotFound ? Result<void>(Ok()) : Result<void>(live.error());
    }
    if (live.value().value("/metadata/uid"_json_pointer, std::string()) != uid) {
      return Ok();
    }
    const auto left = std::chrono::duration_cast<Duration>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Fail(
          Code::kTimeout,
          doomed.resource.plural + "/" + doomed.name +
              " is still being deleted: its finalizers wait for something; `slipway describe` "
              "shows them");
    }
    kube::Request request{.path = session.Path(doomed.resource, "")};
    request.query = {
        {"watch", "true"},
        {"fieldSelector", "metadata.name=" + doomed.name},
        {"timeoutSeconds", std::to_string(left.count() / 1000 + 1)},
        {"resourceVersion",
         live.value().value("/metadata/resourceVersion"_json_pointer, std::string("0"))}};
    SLIPWAY_TRYV(session.Stream(
        request, left + std::chrono::seconds(5),
        [](const std::string& line) { return line.find("\"DELETED\"") == std::string::npos; }));
  }
}

}  // namespace

ExitCode Delete(const Session& session, const DeleteOptions& options, const Streams& streams) {
  const auto doomed = Find(session, options, streams);
  if (!doomed.has_value()) {
    return Report(doomed.error(), streams);
  }
  const auto end = std::chrono::steady_clock::now() + options.timeout;
  ExitCode worst = kSucceeded;
  std::vector<std::pair<Doomed, std::string>> going;
  for (const Doomed& each : doomed.value()) {
    kube::Request request{.method = "DELETE", .path = each.path};
    request.body = PrintJson({{"propagationPolicy", options.policy}});
    const auto answer = session.Send(request);
    if (!answer.has_value()) {
      if (!options.ignore_not_found || answer.error().code != Code::kNotFound) {
        worst = Report(answer.error(), streams);
      }
      continue;
    }
    streams.out << each.resource.plural << "/" << each.name << " deleted\n";
    const json object = ReadJson(answer.value());
    if (object.is_object() && object.value("kind", "") != "Status") {
      going.emplace_back(each, object.value("/metadata/uid"_json_pointer, std::string()));
    }
  }
  for (const auto& [each, uid] : going) {
    if (options.wait) {
      const auto gone = WaitUntilGone(session, each, uid, end);
      worst = gone.has_value() ? worst : Report(gone.error(), streams);
    }
  }
  return worst;
}

}  // namespace slipway::cli
