#include "reconciler/rollout/release_hash.hpp"

#include <nettle/sha2.h>

#include <array>
#include <string>

namespace slipway::rollout {

ReleaseHash HashRelease(const api::ReleaseTemplate& release, const std::string& path) {
  // JSON ends by itself, so what follows it cannot be taken for a part of it.
  const std::string text = api::EncodeCanonical(release) + path;
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&context, digest.size(), digest.data());
  std::string hex;
  for (const std::uint8_t byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return ReleaseHash(hex);
}

}  // namespace slipway::rollout
