#pragma once

#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"

// What a secret is made of, and known by. Thread-safe.
namespace slipway::apiserver {

/// So many random bytes of the operating system, in hex digits. kInternal: it gave none.
Result<std::string> RandomHex(std::size_t bytes);

/// Whether two texts are equal, in a time that does not tell where they differ.
bool EqualSecrets(std::string_view left, std::string_view right);

}  // namespace slipway::apiserver
