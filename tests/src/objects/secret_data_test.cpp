#include "src/objects/secret_data.hpp"

#include <gtest/gtest.h>

namespace slipway::objects {
namespace {

using Data = std::map<std::string, std::string>;

TEST(SecretData, IsDecoded) {
  EXPECT_EQ(
      SecretDataOf(R"({"data":{"a":"","b":"eA==","c":"eHk=","d":"eHl6","e":"AAEA"}})"),
      (Data{{"a", ""}, {"b", "x"}, {"c", "xy"}, {"d", "xyz"}, {"e", std::string("\0\1\0", 3)}}));
}

TEST(SecretData, LeavesOutWhatIsNoBase64) {
  EXPECT_EQ(SecretDataOf(R"({"data":{"a":"x","b":"a?==","c":7,"d":"eA=","good":"eA=="}})"),
            (Data{{"good", "x"}}));
  for (const char* text : {"", "[]", "{}", R"({"data":[]})"}) {
    EXPECT_EQ(SecretDataOf(text), Data()) << text;
  }
}

}  // namespace
}  // namespace slipway::objects
