#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::api {

/// Who an object belongs to. It is collected when none of its owners is left; owners are told apart
/// by uid.
struct OwnerReference {
  std::string api_version{};
  std::string kind{};
  std::string name{};
  Uid uid{};
  bool controller = false;
  bool block_owner_deletion = false;

  bool operator==(const OwnerReference&) const = default;
};

/// What every object has, as far as planners read it. Empty and absent are the same.
struct ObjectMeta {
  std::string name{};
  std::string ns{};  ///< metadata.namespace
  Uid uid{};
  std::string resource_version{};
  std::int64_t generation = 0;
  std::map<std::string, std::string> labels{};
  std::map<std::string, std::string> annotations{};
  std::vector<OwnerReference> owner_references{};
  std::vector<std::string> finalizers{};
  std::optional<Time> creation_timestamp{};
  std::optional<Time>
      deletion_timestamp{};  ///< set: the object is being deleted and waits for its finalizers

  bool operator==(const ObjectMeta&) const = default;
};

/// A resourceVersion as the number that it is in the stores we know, where newer is greater. 0: it is none.
std::uint64_t VersionNumber(std::string_view resource_version);

}  // namespace slipway::api
