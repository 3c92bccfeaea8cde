#include "reconciler/base/digest.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Digest, IsThatOfTheStandard) {  // FIPS 180-4
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256("abc")[0], 0xba);
}

TEST(Digest, BytesAreTwoDigitsEach) {
  constexpr std::array<std::uint8_t, 4> kBytes = {0, 9, 0xa0, 0xff};
  EXPECT_EQ(HexOf(kBytes), "0009a0ff");
  EXPECT_EQ(HexOf({}), "");
}

}  // namespace
}  // namespace slipway
