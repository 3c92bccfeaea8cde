#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "src/cli/object_commands.hpp"
#include "src/cli/output.hpp"
#include "src/cli/yaml_text.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

void PrintIndented(const std::string& title, const json& value, const Streams& streams) {
  if (value.is_null() || value.empty()) {
    return;
  }
  streams.out << title << ":\n";
  const std::string text = YamlText(value);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    streams.out << "  " << text.substr(start, end - start) << "\n";
    start = end + 1;
  }
}

void PrintConditions(const json& conditions, const Streams& streams) {
  if (conditions.empty()) {
    return;
  }
  std::vector<std::vector<std::string>> rows{{"  TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"}};
  std::string before;
  for (const json& condition : conditions) {
    const std::string message = condition.value("message", "");
    rows.push_back({"  " + condition.value("type", ""), condition.value("status", ""),
                    condition.value("reason", ""), condition.value("lastTransitionTime", ""),
                    !message.empty() && message == before ? "(the same)" : message});
    before = message;
  }
  streams.out << "Conditions:\n" << AlignedTable(rows);
}

Result<void> PrintEvents(const Session& session, const json& object, const Streams& streams) {
  SLIPWAY_TRY(resource, FindResource("events"));
  const std::string uid = object.value("/metadata/uid"_json_pointer, std::string());
  SLIPWAY_TRY(listing, session.List(resource, {{"fieldSelector", "involvedObject.uid=" + uid}}));
  auto& events = listing.items;
  if (events.empty()) {
    streams.out << "Events: <none>\n";
    return Ok();
  }
  std::sort(events.begin(), events.end(), [](const json& left, const json& right) {
    return left.value("lastTimestamp", "") < right.value("lastTimestamp", "");
  });
  std::vector<std::vector<std::string>> rows{{"  TYPE", "REASON", "LAST SEEN", "COUNT", "MESSAGE"}};
  for (const json& event : events) {
    rows.push_back({"  " + event.value("type", ""), event.value("reason", ""),
                    event.value("lastTimestamp", ""), std::to_string(event.value("count", 1)),
                    event.value("message", "")});
  }
  streams.out << "Events:\n" << AlignedTable(rows);
  return Ok();
}

}  // namespace

ExitCode Describe(const Session& session, const std::string& word, const std::string& name,
                  const Streams& streams) {
  const auto resource = FindResource(word);
  if (!resource.has_value()) {
    return Report(resource.error(), streams);
  }
  auto found = session.Get(session.Path(resource.value(), name));
  if (!found.has_value()) {
    return Report(found.error(), streams);
  }
  json object = std::move(found.value());
  const json metadata = object.value("metadata", json::object());
  streams.out << AlignedTable({{"Name:", metadata.value("name", "")},
                               {"Namespace:", metadata.value("namespace", "<none>")},
                               {"Kind:", object.value("kind", "")},
                               {"Created:", metadata.value("creationTimestamp", "")},
                               {"Generation:", metadata.value("generation", json(0)).dump()}});
  PrintIndented("Labels", metadata.value("labels", json()), streams);
  json annotations = metadata.value("annotations", json::object());
  annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
  PrintIndented("Annotations", annotations, streams);
  PrintIndented("Finalizers", metadata.value("finalizers", json()), streams);
  if (resource.value().kind == "Secret") {
    for (auto& [key, value] : object["data"].items()) {
      value = std::to_string(value.get<std::string>().size() / 4 * 3) + " bytes or less";
    }
  }
  PrintIndented("Data", object.value("data", json()), streams);
  PrintIndented("Spec", object.value("spec", json()), streams);
  json status = object.value("status", json::object());
  const json conditions =
      status.is_object() ? status.value("conditions", json::array()) : json::array();
  status.erase("conditions");
  PrintIndented("Status", status, streams);
  PrintConditions(conditions, streams);
  const auto events = PrintEvents(session, object, streams);
  return events.has_value() ? kSucceeded : Report(events.error(), streams);
}

}  // namespace slipway::cli
