#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace slipway {

/// A string that cannot be mistaken for another kind of string. Empty means "none".
template <typename Tag>
struct StrongId {
  std::string value;

  StrongId() = default;
  explicit StrongId(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  auto operator<=>(const StrongId&) const = default;
};

using Uid = StrongId<struct UidTag>;        ///< metadata.uid
using Commit = StrongId<struct CommitTag>;  ///< full object id of a git commit, 40 hex digits
using Tree = StrongId<struct TreeTag>;      ///< full object id of a git tree, 40 hex digits
using ReleaseHash =
    StrongId<struct ReleaseHashTag>;  ///< SHA-256 of a release's configuration, 64 hex digits

}  // namespace slipway

template <typename Tag>
struct std::hash<slipway::StrongId<Tag>> {
  std::size_t operator()(const slipway::StrongId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
