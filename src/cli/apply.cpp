#include <nlohmann/json.hpp>
#include <ostream>

#include "reconciler/base/json.hpp"
#include "src/cli/documents.hpp"
#include "src/cli/object_commands.hpp"
#include "src/cli/three_way.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

/// `document` with itself in the last-applied annotation, as kubectl leaves it.
json WithLastApplied(json document) {
  json& annotations = document["metadata"]["annotations"];
  if (!annotations.is_object()) {
    annotations = json::object();
  }
  annotations.erase(kLastApplied);
  json recorded = document;
  annotations[kLastApplied] = recorded.dump() + "\n";
  return document;
}

json LastApplied(const json& live) {
  const auto found = live.value(
      json::json_pointer("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"),
      std::string());
  return ReadJson(found);
}

/// "created", "configured" or "unchanged".
Result<std::string> ApplyOne(const Session& session, const Named& target, const json& document) {
  const std::string path = session.PathIn(target.resource, target.ns, target.name);
  const json desired = WithLastApplied(document);
  auto live = session.Get(path);
  if (!live.has_value()) {
    if (live.error().code != Code::kNotFound) {
      return live.error();
    }
    SLIPWAY_TRYV(session.Create(session.PathIn(target.resource, target.ns, ""), desired));
    return std::string("created");
  }
  const json patch = ThreeWayMergePatch(LastApplied(live.value()), live.value(), desired);
  if (patch.empty()) {
    return std::string("unchanged");
  }
  SLIPWAY_TRYV(session.MergePatch(path, patch));
  return std::string("configured");
}

Result<std::string> ApplyOnServer(const Session& session, const Named& target, const json& document,
                                  const ApplyOptions& options) {
  const std::string path = session.PathIn(target.resource, target.ns, target.name);
  SLIPWAY_TRYV(
      session.ServerSideApply(path, document, options.field_manager, options.force_conflicts));
  return std::string("serverside-applied");
}

}  // namespace

ExitCode Apply(const Session& session, const ApplyOptions& options, const Streams& streams) {
  const auto documents = ReadDocuments(options.files, streams.in);
  if (!documents.has_value()) {
    return Report(documents.error(), streams);
  }
  if (documents.value().empty()) {
    return Report(Fail(Code::kInvalid, "there is nothing to apply: no document was found"),
                  streams);
  }
  ExitCode worst = kSucceeded;
  for (const Document& document : documents.value()) {
    auto target = NameOf(document, session.ns());
    if (target.has_value()) {
      const json wanted = ReadJson(document.json);
      const auto done = options.server_side
                            ? ApplyOnServer(session, target.value(), wanted, options)
                            : ApplyOne(session, target.value(), wanted);
      if (done.has_value()) {
        streams.out << target.value().resource.plural << "/" << target.value().name << " "
                    << done.value() << "\n";
        continue;
      }
      target = done.error();
    }
    Error error = target.error();
    error.message = document.where + ": " + error.message;
    worst = Report(error, streams);
  }
  return worst;
}

}  // namespace slipway::cli
