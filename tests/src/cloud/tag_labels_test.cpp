#include "src/cloud/tag_labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/base/rng.hpp"
#include "src/objects/label_syntax.hpp"

namespace slipway::cloud {
namespace {

using ::testing::MatchesRegex;

TEST(LabelText, KeepsWhatIsLegal) {
  for (const char* text : {"", "web", "Web_1.2-3", "a", "0", "app-1700000000"}) {
    EXPECT_EQ(LabelText(text), text);
  }
  EXPECT_EQ(LabelText(std::string(63, 'x')), std::string(63, 'x'));
}

TEST(LabelText, ChangesTheRestSoThatOneCanStillReadIt) {
  EXPECT_THAT(LabelText("My Web (old)"), MatchesRegex("My_Web__old_--[0-9a-f]{10}"));
  EXPECT_THAT(LabelText("kubernetes.io/cluster/a"),
              MatchesRegex("kubernetes.io_cluster_a--[0-9a-f]{10}"));
  EXPECT_THAT(LabelText("-web"), MatchesRegex("web--[0-9a-f]{10}"));
  EXPECT_THAT(LabelText("***"), MatchesRegex("x--[0-9a-f]{10}"));
  EXPECT_THAT(LabelText("größe"), MatchesRegex("gr____e--[0-9a-f]{10}"));
  EXPECT_THAT(LabelText(std::string(256, 'y')), MatchesRegex("y{51}--[0-9a-f]{10}"));
}

TEST(LabelText, WhatLooksLikeAChangedTextIsChangedToo) {
  const std::string changed = LabelText("a b");
  EXPECT_NE(LabelText(changed), changed);
}

TEST(LabelText, IsLegalAndNeverTheSameForTwoTexts) {
  Rng rng(7);
  static constexpr std::string_view kLetters = "aB0-_./ :@\xc3\xa9";
  std::map<std::string, std::string> seen;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t left = rng.Below(rng.Chance(10) ? 200 : 6); left > 0; --left) {
      text += kLetters[rng.Below(kLetters.size())];
    }
    const std::string label = LabelText(text);
    ASSERT_TRUE(objects::IsLabelValue(label)) << text << " -> " << label;
    const auto [entry, fresh] = seen.emplace(label, text);
    ASSERT_TRUE(fresh || entry->second == text)
        << text << " and " << entry->second << " -> " << label;
  }
}

TEST(MachineLabels, TagsAreNamesWithOurPrefix) {
  MachineLabels labels;
  labels.AddTag("role", "db");
  labels.AddTag("", "nothing");
  labels.AddTag("empty", "");
  labels.AddTag("a/b", "c d");
  labels.AddTag("role", "web");
  const api::LabelSet taken = labels.Take();
  EXPECT_EQ(taken.ToMap(), (std::map<std::string, std::string>{
                               {"tag.slipway.dev/role", "web"},
                               {"tag.slipway.dev/empty", ""},
                               {"tag.slipway.dev/" + LabelText("a/b"), LabelText("c d")}}))
      << "of two with the same key the last";
  for (const auto [key, value] : taken) {
    EXPECT_TRUE(objects::IsLabelKey(key)) << key;
    EXPECT_TRUE(objects::IsLabelValue(value)) << value;
  }
}

TEST(MachineLabels, WhatIsNotToldIsNoLabel) {
  MachineLabels labels;
  labels.AddFacts({.region = "eu",
                   .zone = {},
                   .type = {},
                   .image = {},
                   .group = "Web 1",
                   .launched = "yesterday",
                   .name = {}});
  EXPECT_EQ(labels.Take(), (api::LabelSet{{"topology.kubernetes.io/region", "eu"},
                                          {"instance.slipway.dev/group", LabelText("Web 1")}}));
}

TEST(MachineLabels, NothingOfAMachineIsTakenForTheNext) {
  MachineLabels labels;
  labels.AddTag("role", std::string(63, 'x'));
  const api::LabelSet first = labels.Take();
  labels.AddTag("a", "b");
  EXPECT_EQ(labels.Take(), (api::LabelSet{{"tag.slipway.dev/a", "b"}}));
  EXPECT_EQ(first, (api::LabelSet{{"tag.slipway.dev/role", std::string(63, 'x')}}));
  EXPECT_TRUE(labels.Take().empty());
}

}  // namespace
}  // namespace slipway::cloud
