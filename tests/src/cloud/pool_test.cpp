#include "src/cloud/pool.hpp"

#include <gtest/gtest.h>

namespace slipway::cloud {
namespace {

TEST(Pool, TheSameIsGivenForTheSame) {
  Pool<int> pool(10);
  const auto made = pool.Get("a", [] { return std::make_shared<int>(1); });
  EXPECT_EQ(pool.Get("a", [] { return std::make_shared<int>(2); }), made);
  EXPECT_EQ(*pool.Get("b", [] { return std::make_shared<int>(3); }), 3);
}

TEST(Pool, WhatNobodyHoldsIsLetGoWhereThereIsTooMuch) {
  Pool<int> pool(2);
  const auto held = pool.Get("held", [] { return std::make_shared<int>(1); });
  pool.Get("left", [] { return std::make_shared<int>(2); });
  pool.Get("more", [] { return std::make_shared<int>(3); });
  EXPECT_EQ(pool.Get("held", [] { return std::make_shared<int>(4); }), held);
  EXPECT_EQ(*pool.Get("left", [] { return std::make_shared<int>(5); }), 5);
}

}  // namespace
}  // namespace slipway::cloud
