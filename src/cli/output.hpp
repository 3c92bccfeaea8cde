#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reconciler/base/time.hpp"

namespace slipway::cli {

/// Rows in aligned columns, three spaces apart, as kubectl prints them; every line ends with a
/// newline.
std::string AlignedTable(const std::vector<std::vector<std::string>>& rows);

/// The same for a table that goes on later: each column is at least as wide as `widths` says, which grows with it.
std::string AlignedTable(const std::vector<std::vector<std::string>>& rows,
                         std::vector<std::size_t>& widths);

/// A Kubernetes Table (meta.k8s.io/v1) as rows of text: the header first. Columns of a priority
/// above 0 only when `wide`; with `show_namespace` a first column holds the namespace.
std::vector<std::vector<std::string>> TableRows(const nlohmann::json& table, bool wide,
                                                bool show_namespace);

/// Whether `left` comes before `right` where people look for it: numbers in names count as numbers, shop-2 before shop-10.
bool NameLess(const std::string& left, const std::string& right);

/// A length of time for people: 5s, 3m12s, 4h07m, 12d. Two units at most.
std::string Elapsed(Duration length);

/// `text` in an ANSI colour ("32" is green) where `color`, else unchanged.
std::string Colored(const std::string& text, const char* code, bool color);

}  // namespace slipway::cli
