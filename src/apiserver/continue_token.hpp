#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/store/store.hpp"

namespace slipway::apiserver {

/// Where the next page of a list begins. Clients carry it as text that means nothing to them.
struct ContinueToken {
  store::Revision revision = 0;           ///< of the picture that all pages show
  std::string start;                      ///< first key of the page, without the prefix of the list
  std::optional<std::int64_t> remaining;  ///< objects from there to the end, where it is known

  std::string Print() const;
  /// kBadRequest: it is none of ours.
  static Result<ContinueToken> Parse(const std::string& text);
};

}  // namespace slipway::apiserver
