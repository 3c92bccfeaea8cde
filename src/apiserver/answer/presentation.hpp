#pragma once

#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/objects/table.hpp"

// Objects as bodies of answers. Thread-safe. Errors only where stored bytes are damaged.
namespace slipway::apiserver {

/// How the client wants objects; nullopt: as they are, otherwise as rows of a Table.
using Form = std::optional<objects::IncludeObject>;

/// One object.
Result<std::string> ShowObject(const objects::KindInfo& kind, const Object& object, Form form,
                               Time now);

/// One line of a watch. `with_columns`: a Table says its columns in its first line only.
Result<std::string> ShowChange(const objects::KindInfo& kind, const ObjectWatch::Change& change,
                               Form form, Time now, bool with_columns);

/// A bookmark; `end_of_initial`: all that was there has been sent.
std::string ShowBookmark(const objects::KindInfo& kind, store::Revision revision, Form form,
                         bool end_of_initial);

/// The line that ends a watch which cannot go on.
std::string ShowWatchError(const Error& error);

}  // namespace slipway::apiserver
