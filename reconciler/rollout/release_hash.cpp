#include "reconciler/rollout/release_hash.hpp"

#include <string>

#include "reconciler/base/digest.hpp"

namespace slipway::rollout {

ReleaseHash HashRelease(const api::ReleaseTemplate& release, const std::string& path) {
  // JSON ends by itself, so what follows it cannot be taken for a part of it.
  const std::string text = api::EncodeCanonical(release) + path;
  return ReleaseHash(Sha256Hex(text));
}

}  // namespace slipway::rollout
