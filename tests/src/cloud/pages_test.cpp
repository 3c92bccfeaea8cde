#include "src/cloud/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Pages, EachIsReadOnceUntilTheLast) {
  std::vector<std::string> asked;
  const auto read = [&](const std::string& token) -> Result<std::string> {
    asked.push_back(token);
    return token.empty() ? "t1" : token == "t1" ? "t2" : "";
  };
  EXPECT_TRUE(ReadPages("https://api", read).has_value());
  EXPECT_THAT(asked, ElementsAre("", "t1", "t2"));
}

TEST(Pages, AnErrorOfOneIsThatOfAll) {
  const auto read = [](const std::string& token) -> Result<std::string> {
    return token.empty() ? Result<std::string>("t1") : Fail(Code::kTimeout, "slow");
  };
  EXPECT_EQ(ReadPages("https://api", read).error().message, "slow");
}

TEST(Pages, AConstantTokenIsACircle) {
  const auto all = ReadPages("https://api", [](const std::string&) { return std::string("t"); });
  EXPECT_EQ(runtime::ReasonOf(all.error()), "ListInvalid");
  EXPECT_EQ(all.error().message,
            "The answer of https://api cannot be believed: its pages go round in a circle.");
}

TEST(Pages, WhoeverIsAskedCannotFillTheMemory) {
  int page = 0;
  const auto endless = ReadPages("https://api", [&](const std::string&) -> Result<std::string> {
    return std::to_string(++page);
  });
  ASSERT_FALSE(endless.has_value());
  EXPECT_EQ(endless.error().message,
            "The answer of https://api cannot be believed: it has more than 10000 pages.");
  EXPECT_EQ(page, 10'000);
  const auto last = [](std::size_t length) {
    return ReadPages("https://api", [&](const std::string& token) {
      return Result<std::string>(token.empty() ? std::string(length, 't') : "");
    });
  };
  EXPECT_TRUE(last(8'192).has_value());
  EXPECT_EQ(last(8'193).error().message,
            "The answer of https://api cannot be believed: what names its next page is longer than "
            "8192 bytes.");
}

TEST(Pages, OneThatIsOnTwoPagesIsThereOnce) {
  Listed listed;
  EXPECT_TRUE(Gather("https://api", {{.name = "b"}, {.name = "a"}}, listed).has_value());
  EXPECT_TRUE(Gather("https://api", {{.name = "b", .address = "10.0.0.1"}}, listed).has_value());
  const auto servers = InOrder(listed);
  ASSERT_THAT(servers, SizeIs(2));
  EXPECT_EQ(servers[0].name, "a");
  EXPECT_EQ(servers[1].address, "10.0.0.1") << "as it was seen last";
}

/// What is said of a page with this one.
std::string ComplaintOf(const runtime::ListedServer& server) {
  Listed listed;
  const auto gathered = Gather("https://api", {server}, listed);
  return gathered.has_value()
             ? ""
             : runtime::ReasonOf(gathered.error()) + ": " + gathered.error().message;
}

TEST(Pages, WhatCannotBeWrittenDownAsAServerIsNotBelieved) {
  const std::string begin = "ListInvalid: The answer of https://api cannot be believed: ";
  for (const char* name : {"", "Web", "a.b", "a b", "-a", "\xff"}) {
    EXPECT_EQ(ComplaintOf({.name = name}), begin + "\"" +
                                               (name == std::string("\xff") ? "?" : name) +
                                               "\" cannot be the name of a server.");
  }
  for (const char* address : {"", "10.0.0.1", "2001:db8::7", "2001:DB8::7", "::ffff:10.0.0.1"}) {
    EXPECT_EQ(ComplaintOf({.name = "a", .address = address}), "") << address;
  }
  EXPECT_EQ(ComplaintOf({.name = "a", .address = "10.0.0.\xff"}),
            begin + "the address of a is \"10.0.0.?\", which is none.");
  for (const std::string& address : {std::string("web.example"), std::string("10.0.0.1\n"),
                                     std::string("10.0.0.1\0", 9), std::string(46, '1')}) {
    EXPECT_NE(ComplaintOf({.name = "a", .address = address}), "") << address;
  }
  EXPECT_EQ(ComplaintOf({.name = "a", .provider_id = "azure:///grüße/a b"}), "");
  EXPECT_EQ(ComplaintOf({.name = "a", .provider_id = "gce://shop/\xff/a"}),
            begin + "a is at \"gce://shop/?/a\", which is too long or holds what no name holds.");
  EXPECT_NE(ComplaintOf({.name = "a", .provider_id = "gce://\n"}), "");
  EXPECT_EQ(ComplaintOf({.name = "a", .provider_id = std::string(512, 'x')}), "");
  EXPECT_NE(ComplaintOf({.name = "a", .provider_id = std::string(513, 'x')}), "");
}

TEST(Pages, MoreThanAControlPlaneIsBuiltForAreNotBelieved) {
  std::vector<runtime::ListedServer> many(100'001);
  for (std::size_t index = 0; index < many.size(); ++index) {
    many[index].name = std::to_string(index);
  }
  Listed listed;
  const auto gathered = Gather("https://api", std::move(many), listed);
  ASSERT_FALSE(gathered.has_value());
  EXPECT_EQ(gathered.error().message,
            "The answer of https://api cannot be believed: it lists more than 100000 instances.");
}

}  // namespace
}  // namespace slipway::cloud
