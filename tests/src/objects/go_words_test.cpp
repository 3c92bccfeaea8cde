#include <gtest/gtest.h>

#include "src/objects/go_json_syntax.hpp"
#include "src/objects/go_time.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

TEST(GoTime, TakesWhatGoTakes) {
  for (const char* time : {"2024-02-29T23:59:59Z", "2024-01-01T00:00:00.5Z",
                           "2024-01-01T1:00:00+02:00", "0000-01-01T00:00:00-23:59"}) {
    EXPECT_EQ(TimeFault(time, false), "") << time;
  }
  EXPECT_EQ(TimeFault("2024-01-01T00:00:00.123456Z", true), "");
}

TEST(GoTime, SaysWhichPartIsWrong) {
  const std::string layout = " as \"2006-01-02T15:04:05Z07:00\": cannot parse ";
  const auto fault = [](const std::string& time) {
    const std::string before = "parsing time \"" + time + "\"";
    const std::string found = TimeFault(time, false);
    EXPECT_TRUE(found.starts_with(before)) << found;
    return found.substr(std::min(before.size(), found.size()));
  };
  EXPECT_EQ(fault("yesterday"), layout + "\"yesterday\" as \"2006\"");
  EXPECT_EQ(fault("2024"), layout + "\"\" as \"-\"");
  EXPECT_EQ(fault("2024-1-01T00:00:00Z"), layout + "\"1-01T00:00:00Z\" as \"01\"");
  EXPECT_EQ(fault("2024-01-01 00:00:00Z"), layout + "\" 00:00:00Z\" as \"T\"");
  EXPECT_EQ(fault("2024-01-01T00:00:00"), layout + "\"\" as \"Z07:00\"");
  EXPECT_EQ(fault("2024-01-01T00:00:00*01:00"), layout + "\"*01:00\" as \"Z07:00\"");
  EXPECT_EQ(fault("2024-13-01T00:00:00Z"), ": month out of range");
  EXPECT_EQ(fault("2023-02-29T00:00:00Z"), ": day out of range");
  EXPECT_EQ(fault("2024-01-00T00:00:00Z"), ": day out of range");
  EXPECT_EQ(fault("2024-01-01T24:00:00Z"), ": hour out of range");
  EXPECT_EQ(fault("2024-01-01T00:00:00Zx"), ": extra text: \"x\"");
  EXPECT_EQ(
      TimeFault("2024-01-01T00:00:00Z", true),
      "parsing time \"2024-01-01T00:00:00Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse "
      "\"Z\" as \".000000\"");
  EXPECT_EQ(TimeFault("2024-01-01T00:00:00.1234567Z", true),
            "parsing time \"2024-01-01T00:00:00.1234567Z\" as "
            "\"2006-01-02T15:04:05.000000Z07:00\": cannot "
            "parse \"7Z\" as \"Z07:00\"");
}

TEST(JsonSyntax, IsJudgedInTheWordsOfGo) {
  for (const auto& [text, fault] : std::vector<std::pair<std::string, std::string>>{
           {R"({"a": [1, -0.5e+3, "\u00e4\"", true, false, null, {}]} )", ""},
           {"{", "unexpected end of JSON input"},
           {"", "unexpected end of JSON input"},
           {R"({"a":"b)", "unexpected end of JSON input"},
           {R"({"a":})", "invalid character '}' looking for beginning of value"},
           {"[1,]", "invalid character ']' looking for beginning of value"},
           {"{x", "invalid character 'x' looking for beginning of object key string"},
           {R"({"a":1,})", "invalid character '}' looking for beginning of object key string"},
           {R"({"a" 1})", "invalid character '1' after object key"},
           {R"({"a":01})", "invalid character '1' after object key:value pair"},
           {"[1 2]", "invalid character '2' after array element"},
           {R"({"a":1}{)", "invalid character '{' after top-level value"},
           {"\"\x01\"", R"(invalid character '\x01' in string literal)"},
           {"\"\n\"", R"(invalid character '\n' in string literal)"},
           {R"("\q")", "invalid character 'q' in string escape code"},
           {R"("\u12")", R"(invalid character '"' in \u hexadecimal character escape)"},
           {"tru", "invalid character ' ' in literal true (expecting 'e')"},
           {"[nul]", "invalid character ']' in literal null (expecting 'l')"},
           {"-", "invalid character ' ' in numeric literal"},
           {"[1.]", "invalid character ']' after decimal point in numeric literal"},
           {"[1e]", "invalid character ']' in exponent of numeric literal"},
           {"\x9e", R"(invalid character '\u009e' looking for beginning of value)"},
           {"\xc3", "invalid character '\xc3\x83' looking for beginning of value"},
           {"'", R"(invalid character '\'' looking for beginning of value)"},
       }) {
    EXPECT_EQ(JsonSyntaxFault(text), fault) << text;
  }
}

TEST(JsonSyntax, BearsAnyDepth) {
  EXPECT_EQ(JsonSyntaxFault(std::string(1 << 20, '[')), "unexpected end of JSON input");
}

TEST(JsonSyntax, AgreesWithTheParser) {
  for (const std::string whole :
       {R"({"a": [1.5, "b\u0041", {"c": null}], "d": -0})", "[true, false]"}) {
    for (std::size_t length = 0; length <= whole.size(); ++length) {
      for (const char* end : {"", "x", "]", "}", "\"", ",", "0"}) {
        const std::string text = whole.substr(0, length) + end;
        EXPECT_EQ(JsonSyntaxFault(text).empty(), ParseJson(text).has_value()) << text;
      }
    }
  }
}

}  // namespace
}  // namespace slipway::objects
