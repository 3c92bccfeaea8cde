#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace slipway {

/// SHA-256. Thread-safe, as is everything below.
std::array<std::uint8_t, 32> Sha256(std::string_view text);

/// Two hex digits a byte, in lower case.
std::string HexOf(std::span<const std::uint8_t> bytes);

/// SHA-256 in 64 hex digits.
std::string Sha256Hex(std::string_view text);

}  // namespace slipway
