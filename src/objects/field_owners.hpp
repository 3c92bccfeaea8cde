#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/objects/field_set.hpp"

namespace slipway::objects {

/// Entries that an object has at most: the work of a write grows with their square.
inline constexpr std::size_t kMostOwners = 200;

/// One entry of metadata.managedFields: somebody who wrote an object, and what of it is theirs.
struct FieldOwner {
  std::string manager;
  bool applied = false;  ///< operation Apply; otherwise Update
  std::string api_version;
  std::string subresource{};
  std::optional<Time> time{};
  FieldSet fields{};

  /// Two entries with the same identity are one. As text, because messages and ties are ordered by it.
  std::string Identity() const;
};

/// The owners of one object. Value type.
class FieldOwners {
 public:
  /// Update entries that an object has at most; older ones become one.
  static constexpr std::size_t kMaxUpdaters = 10;

  /// Reads metadata.managedFields. kBadRequest where one entry is malformed, or there are too many.
  static Result<FieldOwners> Read(const nlohmann::json& managed_fields);
  /// metadata.managedFields, in Kubernetes' order.
  nlohmann::json Write() const;

  bool empty() const { return owners_.empty(); }
  std::vector<FieldOwner>& all() { return owners_; }

  /// nullptr where there is none.
  FieldOwner* Find(const std::string& identity);
  void Put(FieldOwner owner);
  /// Removes those that own nothing.
  void DropEmpty();
  /// Merges the oldest Update entries of each version until there are at most kMaxUpdaters.
  void MergeOldUpdaters();

 private:
  std::vector<FieldOwner> owners_;  ///< in no order
};

}  // namespace slipway::objects
