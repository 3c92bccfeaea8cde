#include "reconciler/api/label_set.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "reconciler/base/rng.hpp"

namespace slipway::api {
namespace {

using Texts = std::map<std::string, std::string>;

TEST(LabelSet, IsInOrderAndOfTwoWithTheSameKeyTheLastStays) {
  const LabelSet labels{{"zone", "a"}, {"role", "db"}, {"", ""}, {"zone", "b"}, {"role", "web"}};
  const std::vector<LabelSet::Label> found(labels.begin(), labels.end());
  EXPECT_EQ(found, (std::vector<LabelSet::Label>{{"", ""}, {"role", "web"}, {"zone", "b"}}));
}

TEST(LabelSet, WhatIsEmptyIsEqual) {
  EXPECT_TRUE(LabelSet().empty());
  EXPECT_EQ(LabelSet(), LabelSet(Texts()));
  EXPECT_EQ(LabelSet().begin(), LabelSet().end());
  EXPECT_FALSE((LabelSet{{"", ""}}).empty());
}

TEST(LabelSet, DoesNotMixUpKeysAndValues) {
  EXPECT_NE((LabelSet{{"ab", "c"}}), (LabelSet{{"a", "bc"}}));
  EXPECT_NE((LabelSet{{"a", "b"}, {"c", "d"}}), (LabelSet{{"a", "d"}, {"c", "b"}}));
}

TEST(LabelSet, OutlivesWhatItWasMadeOf) {
  LabelSet kept;
  {
    std::string key(100, 'k');
    std::string value(100, 'v');
    std::vector<LabelSet::Label> made{{key, value}};
    kept = LabelSet(std::span(made));
    key.assign(100, '-');
    value.assign(100, '-');
  }
  EXPECT_EQ(kept.ToMap(), (Texts{{std::string(100, 'k'), std::string(100, 'v')}}));
}

TEST(LabelSet, IsWhatAMapIs) {
  Rng rng(3);
  for (int round = 0; round < 500; ++round) {
    Texts map;
    std::vector<std::pair<std::string, std::string>> texts;
    for (std::uint64_t left = rng.Below(12); left > 0; --left) {
      texts.emplace_back(std::string(rng.Below(3), static_cast<char>('a' + rng.Below(3))),
                         std::string(rng.Below(40), static_cast<char>(rng.Below(256))));
      map.insert_or_assign(texts.back().first, texts.back().second);
    }
    std::vector<LabelSet::Label> labels(texts.begin(), texts.end());
    const LabelSet set{std::span(labels)};
    ASSERT_EQ(set.ToMap(), map);
    ASSERT_EQ(set, LabelSet(map));
  }
}

}  // namespace
}  // namespace slipway::api
