#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/cli/output.hpp"
#include "src/cli/yaml_text.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

TEST(YamlText, KeepsTextsThatLookLikeSomethingElse) {
  for (const char* text : {"true", "No", "~", "", "12", "1e3", "0x1f", "2026-01-02", ".inf", "+1",
                           " a", "a ", "12:30", "null"}) {
    const YAML::Node read = YAML::Load(YamlText(json{{"value", text}, {text, "key"}}));
    EXPECT_EQ(read["value"].as<std::string>(), text);
    EXPECT_EQ(read["value"].Tag(), "!") << text << " is a plain scalar that others may read as "
                                        << "a number, a date or a boolean";
    EXPECT_EQ(read[text].as<std::string>(), "key");
  }
}

TEST(YamlText, KeepsTextsOfManyLinesAndOddCharacters) {
  for (const char* text : {"line\nline", "line\nline\n", "line\n\n", "\n", "  in\nout\n", "\ta\n",
                           "a: b", "- a", "#x", "{}", "é", "a\r\nb", "\x01", "%x", "&a", "*a"}) {
    const YAML::Node read = YAML::Load(YamlText(json{{"value", text}}));
    EXPECT_EQ(read["value"].as<std::string>(), text);
  }
}

TEST(YamlText, WritesNestedValues) {
  EXPECT_EQ(YamlText(ReadJson(R"({"a":[1,{"b":true}],"c":{},"d":[],"e":null})")),
            "a:\n  - 1\n  - b: true\nc: {}\nd: []\ne: null\n");
}

TEST(AlignedTable, CountsCharactersNotBytes) {
  EXPECT_EQ(AlignedTable({{"NAME", "X"}, {"é", "1"}}), "NAME   X\né      1\n");
}

TEST(AlignedTable, GoesOnWithTheColumnsItHas) {
  std::vector<std::size_t> widths;
  EXPECT_EQ(AlignedTable({{"NAME", "X"}, {"a", "1"}}, widths), "NAME   X\na      1\n");
  EXPECT_EQ(AlignedTable({{"b", "2"}}, widths), "b      2\n");
  EXPECT_EQ(AlignedTable({{"longer", "3"}}, widths), "longer   3\n");
  EXPECT_EQ(AlignedTable({{"c", "4"}}, widths), "c        4\n");
}

TEST(TableRows, HidesWideColumnsUnlessAsked) {
  const json table = ReadJson(R"({
    "columnDefinitions":[{"name":"Name","priority":0},{"name":"Why","priority":1}],
    "rows":[{"cells":["a","because"],"object":{"metadata":{"namespace":"n"}}},
            {"cells":["b",null],"object":{"metadata":{"namespace":"m"}}}]})");
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(TableRows(table, false, false), (Rows{{"NAME"}, {"a"}, {"b"}}));
  EXPECT_EQ(TableRows(table, true, true),
            (Rows{{"NAMESPACE", "NAME", "WHY"}, {"n", "a", "because"}, {"m", "b", "<none>"}}));
}

TEST(NameLess, TakesNumbersAsNumbers) {
  std::vector<std::string> names = {"shop-10", "shop-2",     "shop-1",  "shop",       "a-10-gate-2",
                                    "b",       "a-9-gate-3", "shop-2x", "a-10-gate-1"};
  std::sort(names.begin(), names.end(), NameLess);
  EXPECT_EQ(names, (std::vector<std::string>{"a-9-gate-3", "a-10-gate-1", "a-10-gate-2", "b",
                                             "shop", "shop-1", "shop-2", "shop-2x", "shop-10"}));
  for (const std::string& name : names) {
    EXPECT_FALSE(NameLess(name, name));
  }
}

TEST(Elapsed, UsesTwoUnitsAtMost) {
  using namespace std::chrono_literals;
  EXPECT_EQ(Elapsed(-5s), "0s");
  EXPECT_EQ(Elapsed(59s), "59s");
  EXPECT_EQ(Elapsed(192s), "3m12s");
  EXPECT_EQ(Elapsed(4h + 7min), "4h07m");
  EXPECT_EQ(Elapsed(24h * 12), "12d");
}

}  // namespace
}  // namespace slipway::cli
