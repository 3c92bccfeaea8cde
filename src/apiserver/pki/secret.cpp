#include "src/apiserver/pki/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <vector>

#include "reconciler/base/digest.hpp"

namespace slipway::apiserver {
Result<std::string> RandomHex(std::size_t bytes) {
  std::vector<unsigned char> random(bytes);
  if (RAND_bytes(random.data(), static_cast<int>(bytes)) != 1) {
    return Fail(Code::kInternal, "the operating system gave no random bytes");
  }
  return HexOf(random);
}

bool EqualSecrets(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace slipway::apiserver
