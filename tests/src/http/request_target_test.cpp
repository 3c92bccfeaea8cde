#include "src/http/request_target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/http/options.hpp"

namespace slipway::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

RequestHead Parse(const std::string& target) {
  RequestHead head;
  const auto parsed = ParseTarget(target, head);
  EXPECT_TRUE(parsed.has_value()) << target;
  return head;
}

TEST(RequestTarget, PathAndQueryAreDecoded) {
  const RequestHead head = Parse("/a%20b/c+d?x=1%262&y=a+b&flag&empty=&=odd");
  EXPECT_EQ(head.path, "/a b/c+d");
  EXPECT_THAT(head.query, ElementsAre(Pair("x", "1&2"), Pair("y", "a b"), Pair("flag", ""),
                                      Pair("empty", ""), Pair("", "odd")));
  EXPECT_EQ(head.Query("y"), "a b");
  EXPECT_TRUE(head.HasQuery("flag"));
  EXPECT_FALSE(head.HasQuery("Flag"));
}

TEST(RequestTarget, WhatIsBrokenIsRefused) {
  for (const char* target : {"", "a", "*", "/%", "/%4", "/%zz", "/%00", "/?x=%0", "host:443"}) {
    RequestHead head;
    EXPECT_FALSE(ParseTarget(target, head).has_value()) << target;
  }
}

TEST(RequestTarget, HeadersOfOneNameAreJoined) {
  const RequestHead head{.method = "GET",
                         .path = "/",
                         .query = {},
                         .headers = {{"accept", "a"}, {"host", "x"}, {"accept", "b"}}};
  EXPECT_EQ(head.Header("accept"), "a, b");
  EXPECT_EQ(head.Header("cookie"), "");
}

TEST(Endpoint, AnAddressThatStandsForAllIsReachedLocally) {
  EXPECT_EQ((Endpoint{"0.0.0.0", 80}.LocalUrl()), "https://127.0.0.1:80");
  EXPECT_EQ((Endpoint{"::", 80}.LocalUrl()), "https://[::1]:80");
  EXPECT_EQ((Endpoint{"fe80::1", 80}.LocalUrl()), "https://[fe80::1]:80");
  EXPECT_EQ((Endpoint{"10.0.0.1", 80}.LocalUrl()), "https://10.0.0.1:80");
}

}  // namespace
}  // namespace slipway::http
