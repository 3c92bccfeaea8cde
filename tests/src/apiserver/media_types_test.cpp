#include "src/apiserver/request/media_types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace slipway::apiserver {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Order(std::string_view header) {
  std::vector<std::string> order;
  for (const MediaRange& range : ParseAccept(header)) {
    order.push_back(range.type + "/" + range.subtype);
  }
  return order;
}

TEST(MediaTypes, TheBestClauseIsFirst) {
  EXPECT_THAT(Order("a/b, c/d"), ElementsAre("a/b", "c/d"));
  EXPECT_THAT(Order("a/b;q=0.5,c/d;q=0.7, e/f"), ElementsAre("e/f", "c/d", "a/b"));
  EXPECT_THAT(Order("*/*,a/*,a/b"), ElementsAre("a/b", "a/*", "*/*"));
  EXPECT_THAT(Order(""), ElementsAre("*/*"));
  EXPECT_THAT(Order("*"), ElementsAre("*/*"));
}

TEST(MediaTypes, AClauseThatMakesNoSenseIsLeftOut) {
  EXPECT_THAT(Order("a, ,/, a/b/c,;q=1,c/d"), ElementsAre("c/d"));
  EXPECT_THAT(Order(","), IsEmpty());
}

TEST(MediaTypes, ParametersAreReadAndQualityIsNone) {
  const auto ranges = ParseAccept("a/b; as=Table ;v=v1;q=0.25;lonely;x=1=2");
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].quality, 0.25);
  EXPECT_EQ(ranges[0].parameters,
            (std::map<std::string, std::string>{{"as", "Table"}, {"v", "v1"}}));
  EXPECT_EQ(ParseAccept("a/b;q=much")[0].quality, 0);
}

TEST(MediaTypes, TheFirstThatIsCoveredIsTaken) {
  constexpr std::array<std::string_view, 2> kOffered = {"a/x", "b/y"};
  EXPECT_EQ(Negotiate("b/y,a/x", kOffered), "b/y");
  EXPECT_EQ(Negotiate("*/*", kOffered), "a/x");
  EXPECT_EQ(Negotiate("b/*;q=0.1,c/z", kOffered), "b/y");
  EXPECT_EQ(Negotiate("*/y", kOffered), std::nullopt);
  EXPECT_EQ(Negotiate("c/z", kOffered), std::nullopt);
}

}  // namespace
}  // namespace slipway::apiserver
