#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/store/store.hpp"

namespace slipway::apiserver {

/// Where the next page of a list begins. Clients carry it as text that means nothing to them.
struct ContinueToken {
  /// Of the picture that all pages show; kLatest: that one is gone, and the rest is to be as it is now.
  store::Revision revision = store::kLatest;
  std::string start;                      ///< first key of the page, without the prefix of the list
  std::optional<std::int64_t> remaining;  ///< objects from there to the end, where it is known

  std::string Print() const;
  /// kBadRequest: it is none of ours. In kube-apiserver's words and in its form.
  static Result<ContinueToken> Parse(const std::string& text);
};

}  // namespace slipway::apiserver
