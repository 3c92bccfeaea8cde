#include "src/cli/output.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace slipway::cli {
namespace {

using nlohmann::json;

/// Characters that a terminal shows: UTF-8 continuation bytes take no column.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string CellText(const json& cell) {
  if (cell.is_string()) {
    return cell.get<std::string>();
  }
  return cell.is_null() ? "<none>" : cell.dump();
}

}  // namespace

std::string AlignedTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  return AlignedTable(rows, widths);
}

std::string AlignedTable(const std::vector<std::vector<std::string>>& rows,
                         std::vector<std::size_t>& widths) {
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) {
        text.append(widths[i] - Width(row[i]) + 3, ' ');
      }
    }
    text += '\n';
  }
  return text;
}

std::vector<std::vector<std::string>> TableRows(const json& table, bool wide, bool show_namespace) {
  std::vector<std::size_t> shown;
  std::vector<std::string> header;
  if (show_namespace) {
    header.push_back("NAMESPACE");
  }
  const json columns = table.value("columnDefinitions", json::array());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (wide || columns[i].value("priority", 0) == 0) {
      shown.push_back(i);
      std::string name = columns[i].value("name", "");
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      header.push_back(name);
    }
  }
  std::vector<std::vector<std::string>> rows{header};
  for (const auto& row : table.value("rows", json::array())) {
    std::vector<std::string> cells;
    if (show_namespace) {
      cells.push_back(row.value("/object/metadata/namespace"_json_pointer, std::string()));
    }
    for (const std::size_t i : shown) {
      cells.push_back(i < row["cells"].size() ? CellText(row["cells"][i]) : "<none>");
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

bool NameLess(const std::string& left, const std::string& right) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto end_of_number = [&](const std::string& text, std::size_t start) {
    const auto end =
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(), digit);
    return static_cast<std::size_t>(end - text.begin());
  };
  std::size_t i = 0;
  while (i < left.size() && i < right.size()) {
    if (digit(left[i]) && digit(right[i])) {
      const std::size_t left_end = end_of_number(left, i);
      const std::size_t right_end = end_of_number(right, i);
      if (left_end != right_end) {
        return left_end < right_end;  // all before is equal: the longer number is greater
      }
      const int order = left.compare(i, left_end - i, right, i, right_end - i);
      if (order != 0) {
        return order < 0;
      }
      i = left_end;
    } else if (left[i] != right[i]) {
      return left[i] < right[i];
    } else {
      ++i;
    }
  }
  return left.size() < right.size();
}

std::string Elapsed(Duration length) {
  const auto seconds = std::max<std::int64_t>(0, length.count() / 1000);
  char text[32];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%llds", static_cast<long long>(seconds));
  } else if (seconds < 3600) {
    std::snprintf(text, sizeof text, "%lldm%02llds", static_cast<long long>(seconds / 60),
                  static_cast<long long>(seconds % 60));
  } else if (seconds < 48 * 3600) {
    std::snprintf(text, sizeof text, "%lldh%02lldm", static_cast<long long>(seconds / 3600),
                  static_cast<long long>(seconds / 60 % 60));
  } else {
    std::snprintf(text, sizeof text, "%lldd", static_cast<long long>(seconds / 86400));
  }
  return text;
}

std::string Colored(const std::string& text, const char* code, bool color) {
  return color ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
}

}  // namespace slipway::cli
