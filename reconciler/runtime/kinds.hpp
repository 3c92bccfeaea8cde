#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::runtime {

/// The kinds that the engine keeps in its cache. All are namespaced, of group slipway.dev/v1alpha1.
enum class Kind : std::uint8_t {
  kGitRepository,
  kFleet,
  kServerClaim,
  kServer,
  kApplication,
  kRollout,
  kTestRun,
};

inline constexpr std::array kAllKinds = {
    Kind::kGitRepository, Kind::kFleet,   Kind::kServerClaim, Kind::kServer,
    Kind::kApplication,   Kind::kRollout, Kind::kTestRun,
};

inline constexpr std::string_view kApiVersion = "slipway.dev/v1alpha1";

/// As `kind:` says it, such as "Server".
std::string_view NameOf(Kind kind);

/// As a path says it, such as "servers".
std::string_view PluralOf(Kind kind);

/// The inverse of NameOf(); nullopt for kinds that the engine does not keep.
std::optional<Kind> KindNamed(std::string_view name);

/// Which object. Ordered by kind, namespace, name.
struct Key {
  Kind kind = Kind::kServer;
  std::string ns;
  std::string name;

  auto operator<=>(const Key&) const = default;
};

/// "Server default/web-1", for messages.
std::string ToString(const Key& key);

}  // namespace slipway::runtime

template <>
struct std::hash<slipway::runtime::Key> {
  std::size_t operator()(const slipway::runtime::Key& key) const noexcept {
    const std::size_t name = std::hash<std::string>{}(key.name);
    const std::size_t ns = std::hash<std::string>{}(key.ns);
    return (name * 31 + ns) * 31 + static_cast<std::size_t>(key.kind);
  }
};
