#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "src/cli/object_commands.hpp"
#include "src/cli/output.hpp"
#include "src/cli/watch.hpp"
#include "src/cli/yaml_text.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

constexpr const char* kTableAccept =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// Orders objects, or rows that hold them at `object`, by namespace and name.
void SortByName(json& list, const std::string& object) {
  const auto text = [&](const json& each, const char* field) {
    return each.value(json::json_pointer(object + "/metadata/" + field), std::string());
  };
  std::stable_sort(list.begin(), list.end(), [&](const json& left, const json& right) {
    const std::string before = text(left, "namespace");
    const std::string after = text(right, "namespace");
    return before != after ? before < after : NameLess(text(left, "name"), text(right, "name"));
  });
}

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
    SLIPWAY_TRY(listing, session.List(resource, query, options.all_namespaces));
    list["items"] = std::move(listing.items);
    SortByName(list["items"], "");
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
    SLIPWAY_TRY(text, session.Send(request));
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

void HideManagedFields(json& shown) {
  const auto hide = [](json& object) {
    if (object.contains("metadata") && object["metadata"].is_object()) {
      object["metadata"].erase("managedFields");
    }
  };
  hide(shown);
  if (shown.contains("items")) {
    std::for_each(shown["items"].begin(), shown["items"].end(), hide);
  }
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

std::string VersionOf(const json& table) {
  return table.value("/metadata/resourceVersion"_json_pointer, std::string());
}

/// Prints tables one below the other; the columns of the first stay, and where they stand.
class TablePrinter {
 public:
  TablePrinter(const GetOptions& options, const Streams& streams)
      : options_(options), streams_(streams) {}

  /// The events of a watch come without a header, and their tables without columns.
  void Print(json table, bool header) {
    if (columns_.empty()) {
      columns_ = table.value("columnDefinitions", json::array());
    }
    if (table.value("columnDefinitions", json::array()).empty()) {
      table["columnDefinitions"] = columns_;
    }
    if (options_.names.empty() && table.contains("rows")) {
      SortByName(table["rows"], "/object");
    }
    auto rows = TableRows(table, options_.output == Output::kWide, options_.all_namespaces);
    if (!header) {
      rows.erase(rows.begin());
    }
    streams_.out << AlignedTable(rows, widths_) << std::flush;
  }

 private:
  const GetOptions& options_;
  const Streams& streams_;
  json columns_ = json::array();
  std::vector<std::size_t> widths_;
};

/// Prints what changes after `version`, until it is interrupted.
ExitCode Watch(const Session& session, const Resource& resource, const GetOptions& options,
               const std::string& version, TablePrinter& printer, const Streams& streams) {
  CollectionWatch watch;
  watch.request = {.path = session.Path(resource, "", options.all_namespaces)};
  watch.request.accept = kTableAccept;
  if (!options.selector.empty()) {
    watch.request.query["labelSelector"] = options.selector;
  }
  if (!options.names.empty()) {
    watch.request.query["fieldSelector"] = "metadata.name=" + options.names[0];
  }
  // Again after a gap, and of the collection: the one object that was asked for may be gone.
  watch.list = [&]() -> Result<std::string> {
    SLIPWAY_TRY(text, session.Send(watch.request));
    SLIPWAY_TRY(table, ParseAnswer(text));
    printer.Print(table, true);
    return VersionOf(table);
  };
  watch.changed = [&](const std::string&, const json& table) -> Result<bool> {
    printer.Print(table, false);
    return static_cast<bool>(streams.out);
  };
  watch.trouble = [&](const Error* trouble) {
    if (trouble != nullptr) {
      streams.err << TryingAgain(*trouble) << std::endl;
    }
  };
  const auto ended = FollowCollection(session, watch, version);
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
  if (table.value().value("rows", json::array()).empty() && !options.watch) {
    streams.err << "No " << resource.plural << " found"
                << (options.all_namespaces ? "" : " in namespace " + session.ns()) << ".\n";
    return kSucceeded;
  }
  TablePrinter printer(options, streams);
  printer.Print(table.value(), true);
  return options.watch
             ? Watch(session, resource, options, VersionOf(table.value()), printer, streams)
             : kSucceeded;
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
  auto shown = Fetch(session, resource.value(), options);
  if (!shown.has_value()) {
    if (options.ignore_not_found && shown.error().code == Code::kNotFound) {
      return kSucceeded;
    }
    return Report(shown.error(), streams);
  }
  if (!options.show_managed_fields) {
    HideManagedFields(shown.value());
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
