#include "src/objects/table.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/json_path.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear = 365 * kDay;

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : PrintJson(value);
}

/// Several values of one path, as kubectl joins them.
std::string Joined(const std::vector<Json>& values) {
  std::string text;
  for (const Json& value : values) {
    text += (text.empty() ? "" : ",") + TextOf(value);
  }
  return text;
}

/// Text with paths in braces.
std::string Filled(const Json& object, std::string_view pattern) {
  std::string text;
  while (!pattern.empty()) {
    const std::size_t open = std::min(pattern.find('{'), pattern.size());
    text += pattern.substr(0, open);
    pattern.remove_prefix(open);
    const std::size_t close = pattern.find('}');
    if (close == std::string_view::npos) {
      break;
    }
    text += Joined(EvaluatePath(object, pattern.substr(1, close - 1)));
    pattern.remove_prefix(close + 1);
  }
  return text;
}

Json Age(const std::vector<Json>& values, Time now) {
  if (values.empty() || !values.front().is_string()) {
    return nullptr;
  }
  const auto time = api::ParseTime(values.front().get_ref<const std::string&>());
  return time.has_value() ? Json(HumanDuration(now - time.value())) : Json("<invalid>");
}

/// `fleet/web` from `Fleet/web`.
std::string Reference(std::string text) {
  const auto slash = std::find(text.begin(), text.end(), '/');
  std::transform(text.begin(), slash, text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

/// Whether the kind itself says where the name stands.
bool PlacesName(const KindInfo& kind) {
  return std::ranges::find(kind.columns, "Name", &PrinterColumn::name) != kind.columns.end();
}

Json Cell(const PrinterColumn& column, const Json& object, Time now) {
  if (column.type == "reference") {
    return Reference(Filled(object, column.json_path));
  }
  if (column.json_path.find('{') != std::string::npos) {
    return Filled(object, column.json_path);
  }
  const std::vector<Json> values = EvaluatePath(object, column.json_path);
  if (column.type == "date") {
    return Age(values, now);
  }
  if (values.empty()) {
    return column.json_path.ends_with(".length()") ? Json(0) : Json();
  }
  const Json& value = values.front();
  if (values.size() == 1 && (value.is_number() || value.is_boolean())) {
    return column.type == "string" ? Json(PrintJson(value)) : value;
  }
  return Joined(values);
}

std::string Parts(std::int64_t seconds, std::int64_t unit, const char* name, std::int64_t below,
                  const char* below_name) {
  const std::int64_t rest = seconds % unit / below;
  return std::to_string(seconds / unit) + name +
         (rest == 0 ? "" : std::to_string(rest) + below_name);
}

}  // namespace

std::string HumanDuration(Duration length) {
  const std::int64_t seconds = std::max<std::int64_t>(length.count() / 1000, 0);
  if (seconds < 2 * kMinute) {
    return std::to_string(seconds) + "s";
  }
  if (seconds < 10 * kMinute) {
    return Parts(seconds, kMinute, "m", 1, "s");
  }
  if (seconds < 3 * kHour) {
    return std::to_string(seconds / kMinute) + "m";
  }
  if (seconds < 8 * kHour) {
    return Parts(seconds, kHour, "h", kMinute, "m");
  }
  if (seconds < 2 * kDay) {
    return std::to_string(seconds / kHour) + "h";
  }
  if (seconds < 8 * kDay) {
    return Parts(seconds, kDay, "d", kHour, "h");
  }
  if (seconds < 2 * kYear) {
    return std::to_string(seconds / kDay) + "d";
  }
  if (seconds < 8 * kYear) {
    return Parts(seconds, kYear, "y", kDay, "d");
  }
  return std::to_string(seconds / kYear) + "y";
}

Json ColumnDefinitions(const KindInfo& kind) {
  const auto column = [](const char* name, const char* type, const char* format,
                         const char* description, int priority) {
    return Json{{"name", name},
                {"type", type},
                {"format", format},
                {"description", description},
                {"priority", priority}};
  };
  Json definitions = Json::array();
  if (!PlacesName(kind)) {
    definitions.push_back(column("Name", "string", "name", "Name, unique in its namespace.", 0));
  }
  for (const PrinterColumn& own : kind.columns) {
    const bool text = own.type == "date" || own.type == "reference";
    definitions.push_back(column(own.name.c_str(), text ? "string" : own.type.c_str(),
                                 own.name == "Name" ? "name" : "", own.description.c_str(),
                                 own.priority));
  }
  return definitions;
}

Json TableRow(const KindInfo& kind, const Json& object, IncludeObject include, Time now) {
  const Json metadata = object.value("metadata", Json::object());
  Json cells = Json::array();
  if (!PlacesName(kind)) {
    cells.push_back(metadata.value("name", ""));
  }
  for (const PrinterColumn& column : kind.columns) {
    cells.push_back(Cell(column, object, now));
  }
  Json row = {{"cells", std::move(cells)}};
  switch (include) {
    case IncludeObject::kMetadata:
      row["object"] = {{"apiVersion", "meta.k8s.io/v1"},
                       {"kind", "PartialObjectMetadata"},
                       {"metadata", metadata}};
      break;
    case IncludeObject::kObject:
      row["object"] = object;
      break;
    case IncludeObject::kNone:
      row["object"] = nullptr;
      break;
  }
  return row;
}

Json MakeTable(const KindInfo& kind, std::span<const Json> objects, const Json& list_metadata,
               IncludeObject include, Time now, bool with_columns) {
  Json table = {{"apiVersion", "meta.k8s.io/v1"}, {"kind", "Table"}, {"metadata", list_metadata}};
  table["columnDefinitions"] = with_columns ? ColumnDefinitions(kind) : Json();
  table["rows"] = Json::array();
  for (const Json& object : objects) {
    table["rows"].push_back(TableRow(kind, object, include, now));
  }
  return table;
}

}  // namespace slipway::objects
