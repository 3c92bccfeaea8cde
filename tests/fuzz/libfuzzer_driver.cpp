#include <cstddef>
#include <cstdint>

#include "tests/fuzz/target.hpp"

/// libFuzzer's name for a target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  slipway::fuzz::TryBytes({reinterpret_cast<const char*>(data), size});
  return 0;
}
