#include "src/cloud/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What others wrote gets into messages only without secrets, and never whole books of it.
namespace slipway::cloud {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;

TEST(Quoted, LeavesOutSecrets) {
  EXPECT_EQ(Quoted("the key abc and abc\nare wrong", {"abc", ""}),
            "the key [secret] and [secret] are wrong");
  EXPECT_EQ(Quoted("aaa", {"a"}), "[secret][secret][secret]");
}

TEST(Quoted, IsShort) {
  EXPECT_THAT(Quoted(std::string(10'000, 'x'), {}), SizeIs(800 + std::string("…").size()));
  std::string umlauts;
  for (int i = 0; i < 800; ++i) {
    umlauts += "ü";
  }
  EXPECT_THAT(Quoted("x" + umlauts, {}), EndsWith("üü…")) << "no half of a character";
}

TEST(Quoted, IsUtf8) {
  EXPECT_EQ(Quoted("10.0.0.\xff and \xc3\xbc", {}), "10.0.0.? and ??");
  EXPECT_EQ(Quoted("\xc3\xbc", {}), "ü");
}

TEST(Text, CanStandInAnObjectOrNot) {
  for (const char* text : {"", "eu-west-1a", "grüße", "a b"}) {
    EXPECT_TRUE(IsText(text)) << text;
  }
  for (const char* bytes : {"\xff", "\xc3", "a\nb", "\x7f", "\xed\xa0\x80"}) {
    EXPECT_FALSE(IsText(bytes));
  }
  EXPECT_FALSE(IsText(std::string_view("a\0b", 3)));
}

TEST(Escape, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(Escape("Az09-._~ +/=&\xE1"), "Az09-._~%20%2B%2F%3D%26%E1");
  EXPECT_EQ(Escape("/a b/", "/"), "/a%20b/");
}

TEST(Trimmed, TakesBlanksFromBothEnds) {
  EXPECT_EQ(Trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trimmed(" \n"), "");
}

TEST(Text, FormsAreEscaped) {
  EXPECT_EQ(FormOf({{"scope", "https://x/.default"}, {"a b", "1&2=3"}}),
            "a%20b=1%262%3D3&scope=https%3A%2F%2Fx%2F.default");
  EXPECT_EQ(FormOf({}), "");
}

}  // namespace
}  // namespace slipway::cloud
