#include "reconciler/api/names.hpp"

#include <gtest/gtest.h>

namespace slipway::api {
namespace {

TEST(StaticServers, AreNamedAfterTheirAddress) {
  EXPECT_EQ(NameFromAddress("10.0.0.7"), "10-0-0-7");
  EXPECT_EQ(NameFromAddress("Web-1.Example.com"), "web-1-example-com");
  EXPECT_EQ(NameFromAddress("::1"), "1");
  EXPECT_EQ(NameFromAddress("fe80::1"), "fe80--1");
  EXPECT_EQ(NameFromAddress("::"), "");
}

}  // namespace
}  // namespace slipway::api
