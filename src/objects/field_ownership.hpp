#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/objects/kinds.hpp"

// Who owns which field of an object: server-side apply. Every write keeps metadata.managedFields; an
// apply also decides what becomes of the object. The rules and the words are those of kube-apiserver
// 1.32. Pure functions.
namespace slipway::objects {

/// Which part of an object a write is about.
enum class Part : std::uint8_t { kMain, kStatus };

/// Who writes, and when.
struct Author {
  std::string manager;  ///< empty: nobody said
  Time now{};
  Part part = Part::kMain;
};

/// Sets metadata.managedFields of `object`, which is about to replace `stored` (nullptr: about to be
/// created) by anything but an apply. `sent`: the managedFields that came with it, null where none
/// did; they count, save those that are malformed. Where nothing but times would change, nothing does.
void KeepOwners(const KindInfo& kind, const nlohmann::json* stored, nlohmann::json& object,
                const nlohmann::json& sent, const Author& author);

/// What `stored` (nullptr: nothing) becomes when `author` applies `configuration`, with its
/// managedFields; not yet defaulted and validated. kConflict with a cause for each field that somebody
/// else owns, unless `force`; kBadRequest where the configuration is of another kind or has
/// managedFields; kUnexplained where it does not fit the schema.
Result<nlohmann::json> ApplyConfiguration(const KindInfo& kind, const nlohmann::json* stored,
                                          nlohmann::json configuration, const Author& author,
                                          bool force);

/// The managedFields of `after` with the times of `before`, where nothing else differs between the
/// objects.
void KeepTimes(const nlohmann::json& before, nlohmann::json& after);

}  // namespace slipway::objects
