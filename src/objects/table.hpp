#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "reconciler/base/time.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::objects {

/// What `includeObject` asks to have beside the cells of each row.
enum class IncludeObject : std::uint8_t { kMetadata, kObject, kNone };

/// `columnDefinitions` of a Table: Name, then the kind's own columns.
nlohmann::json ColumnDefinitions(const KindInfo& kind);

/// One of `rows`: the cells of one object, and as much of the object as `include` says. Ages are as
/// of `now`.
nlohmann::json TableRow(const KindInfo& kind, const nlohmann::json& object, IncludeObject include,
                        Time now);

/// A whole `Table` of meta.k8s.io/v1. `list_metadata` goes into metadata as it is; `with_columns`
/// false leaves the definitions out (second and later events of a watch).
nlohmann::json MakeTable(const KindInfo& kind, std::span<const nlohmann::json> objects,
                         const nlohmann::json& list_metadata, IncludeObject include, Time now,
                         bool with_columns = true);

/// A length of time as kubectl prints ages: 45s, 5m10s, 3h5m, 2d3h, 400d, 2y30d.
std::string HumanDuration(Duration length);

}  // namespace slipway::objects
