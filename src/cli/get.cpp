#include <nlohmann/json.hpp>
#include <ostream>

#include "src/cli/object_commands.hpp"
#include "src/cli/output.hpp"
#include "src/cli/yaml_text.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

constexpr const char* kTableAccept =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
constexpr Duration kWatchIdle = std::chrono::hours(24 * 365);

/// What the options ask for as one JSON document: an object where one name was given, else a List.
Result<json> Fetch(const Session& session, const Resource& resource, const GetOptions& options) {
  if (options.names.size() == 1) {
    return session.Get(session.Path(resource, options.names[0]));
  }
  json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", json::array()}};
  if (options.names.empty()) {
    std::map<std::string, std::string> query;
    if (!options.selector.empty()) {
      query["labelSelector"] = options.selector;
    }
    SLIPWAY_TRY(items, session.List(resource, query, options.all_namespaces));
    list["items"] = std::move(items);
    return list;
  }
  for (const std::string& name : options.names) {
    SLIPWAY_TRY(object, session.Get(session.Path(resource, name)));
    list["items"].push_back(std::move(object));
  }
  return list;
}

/// The Table of what the options ask for; rows of several names are put together.
Result<json> FetchTable(const Session& session, const Resource& resource,
                        const GetOptions& options) {
  json table;
  const std::vector<std::string> names =
      options.names.empty() ? std::vector<std::string>{""} : options.names;
  for (const std::string& name : names) {
    kube::Request request{.path = session.Path(resource, name, options.all_namespaces)};
    request.accept = kTableAccept;
    if (!options.selector.empty()) {
      request.query["labelSelector"] = options.selector;
    }
    SLIPWAY_TRY(text, session.client().Send(request));
    SLIPWAY_TRY(part, ParseAnswer(text));
    if (table.is_null()) {
      table = std::move(part);
      continue;
    }
    for (auto& row : part["rows"]) {
      table["rows"].push_back(std::move(row));
    }
  }
  return table;
}

void PrintNames(const json& shown, const Resource& resource, const Streams& streams) {
  const auto print = [&](const json& object) {
    streams.out << resource.plural << "/" << object["metadata"].value("name", "") << "\n";
  };
  if (!shown.contains("items")) {
    print(shown);
    return;
  }
  for (const auto& item : shown["items"]) {
    print(item);
  }
}

ExitCode Watch(const Session& session, const Resource& resource, const GetOptions& options,
               const std::string& resource_version, const Streams& streams) {
  kube::Request request{.path = session.Path(resource, "", options.all_namespaces)};
  request.accept = kTableAccept;
  request.query = {{"watch", "true"}, {"resourceVersion", resource_version}};
  if (!options.selector.empty()) {
    request.query["labelSelector"] = options.selector;
  }
  if (!options.names.empty()) {
    request.query["fieldSelector"] = "metadata.name=" + options.names[0];
  }
  std::optional<Error> failure;
  json columns = json::array();
  const auto ended = session.client().Stream(request, kWatchIdle, [&](const std::string& line) {
    const json event = json::parse(line, nullptr, false);
    if (!event.is_object() || event.value("type", "") == "ERROR") {
      failure = Fail(Code::kExpired, "the watch ended: " + line + "; run the command again");
      return false;
    }
    json table = event.value("object", json::object());
    if (table.contains("columnDefinitions") && !table["columnDefinitions"].empty()) {
      columns = table["columnDefinitions"];
    }
    table["columnDefinitions"] = columns;
    auto rows = TableRows(table, options.output == Output::kWide, options.all_namespaces);
    rows.erase(rows.begin());
    streams.out << AlignedTable(rows) << std::flush;
    return static_cast<bool>(streams.out);
  });
  if (failure) {
    return Report(*failure, streams);
  }
  return ended.has_value() ? kSucceeded : Report(ended.error(), streams);
}

ExitCode GetTable(const Session& session, const Resource& resource, const GetOptions& options,
                  const Streams& streams) {
  const auto table = FetchTable(session, resource, options);
  if (!table.has_value()) {
    if (options.ignore_not_found && table.error().code == Code::kNotFound) {
      return kSucceeded;
    }
    return Report(table.error(), streams);
  }
  const auto rows =
      TableRows(table.value(), options.output == Output::kWide, options.all_namespaces);
  if (rows.size() == 1 && !options.watch) {
    streams.err << "No " << resource.plural << " found"
                << (options.all_namespaces ? "" : " in namespace " + session.ns()) << ".\n";
    return kSucceeded;
  }
  streams.out << AlignedTable(rows) << std::flush;
  if (!options.watch) {
    return kSucceeded;
  }
  const std::string version =
      table.value().value("/metadata/resourceVersion"_json_pointer, std::string("0"));
  return Watch(session, resource, options, version, streams);
}

}  // namespace

ExitCode Get(const Session& session, const GetOptions& options, const Streams& streams) {
  const auto resource = FindResource(options.resource);
  if (!resource.has_value()) {
    return Report(resource.error(), streams);
  }
  if (options.output == Output::kTable || options.output == Output::kWide) {
    return GetTable(session, resource.value(), options, streams);
  }
  const auto shown = Fetch(session, resource.value(), options);
  if (!shown.has_value()) {
    if (options.ignore_not_found && shown.error().code == Code::kNotFound) {
      return kSucceeded;
    }
    return Report(shown.error(), streams);
  }
  if (options.output == Output::kJson) {
    streams.out << shown.value().dump(4) << "\n";
  } else if (options.output == Output::kYaml) {
    streams.out << YamlText(shown.value());
  } else {
    PrintNames(shown.value(), resource.value(), streams);
  }
  return kSucceeded;
}

}  // namespace slipway::cli
