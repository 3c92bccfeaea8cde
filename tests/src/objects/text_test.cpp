#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/base/json.hpp"
#include "src/objects/repository_file.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

TEST(JsonText, IsReadAndPrintedWithSortedKeys) {
  EXPECT_EQ(PrintJson(ParseJson(R"({"b": [1, -2, 2.5, "x", null, true], "a": {}})").value()),
            R"({"a":{},"b":[1,-2,2.5,"x",null,true]})");
  EXPECT_EQ(ParseJson("18446744073709551615").value().get<std::uint64_t>(),
            18446744073709551615ULL);
}

TEST(JsonText, IsRefusedWhereItIsNone) {
  for (const char* text : {"", "{", "{\"a\":1,}", "[1 2]", "nul", "\"\xff\"", "{} {}", "1e999"}) {
    const auto parsed = ParseJson(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_EQ(parsed.error().code, Code::kBadRequest);
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

TEST(JsonText, ARefusalShowsNothingOfWhatItRead) {
  for (const char* text : {"{\"password\": \"hunter2\n\"}", "[\"hunter2", "{\"a\": \"\\hunter2\"}",
                           "{\"pin\": 7272727e999}"}) {
    const std::string message = ParseJson(text).error().message;
    EXPECT_THAT(message, testing::StartsWith("the text is not JSON: ")) << text;
    EXPECT_THAT(message, testing::Not(testing::ContainsRegex("hunter|7272"))) << text;
  }
}

TEST(JsonText, IsAtMostSoDeep) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(kMaxDepth)).has_value());
  EXPECT_EQ(ParseJson(nested(kMaxDepth + 1)).error().message,
            "the text is nested deeper than 64 levels");
  EXPECT_TRUE(ParseJson(std::string(1'000'000, '[')).has_error());
}

TEST(JsonText, ReportsFieldsThatAreThereTwice) {
  std::vector<std::string> duplicates;
  const auto tree =
      ParseJson(R"({"a": 1, "spec": {"list": [{"x": 1}, {"x": 1, "x": 2}]}, "a": 3})", duplicates);
  EXPECT_EQ(duplicates, (std::vector<std::string>{"spec.list[1].x", "a"}));
  EXPECT_EQ(PrintJson(tree.value()), R"({"a":3,"spec":{"list":[{"x":1},{"x":2}]}})");
}

TEST(JsonText, ReportsSoManyRepeatedFieldsAndSoMuchOfTheirPaths) {
  std::string text = "{\"" + std::string(1'000, 'k') + "\":{\"" + std::string(1'000, 'l') + "\":{";
  for (int i = 0; i < 5'000; ++i) {
    text += "\"a\":0,";
  }
  text += "\"a\":0}}}";
  std::vector<std::string> duplicates;
  EXPECT_TRUE(ParseJson(text, duplicates).has_value());
  EXPECT_EQ(duplicates.size(), 100U);
  EXPECT_EQ(duplicates[0], std::string(1'000, 'k') + "." + std::string(23, 'l') + "…");
}

std::string Yaml(const std::string& text) {
  const auto documents = ParseYaml(text);
  if (documents.has_error()) {
    EXPECT_EQ(documents.error().code, Code::kBadRequest);
    return "refused: " + documents.error().message;
  }
  std::string lines;
  for (const Json& document : documents.value()) {
    lines += (lines.empty() ? "" : "\n") + PrintJson(document);
  }
  return lines;
}

TEST(Yaml, PlainScalarsMeanWhatTheyMeanToKubectl) {
  EXPECT_EQ(Yaml("[yes, No, on, Off, y, n, true, False]"),
            "[true,false,true,false,true,false,true,false]");
  EXPECT_EQ(Yaml("['yes', \"1\", !!str 1, 'null', ~, null, Null, ]"),
            R"(["yes","1","1","null",null,null,null])");
  EXPECT_EQ(Yaml("[1, -1, +1, 0x1F, 010, 0o10, 0b11, 1_000, 08, 1e3, 1.5, .5, 1., -0]"),
            "[1,-1,1,31,8,8,3,1000,8,1000,1.5,0.5,1,0]");
  EXPECT_EQ(
      Yaml("[2026-11-24, 2026-11-24T02:15:00Z, 1:30, 1.2.3, 10m, 25%, -, +, 1e, 0x]"),
      R"(["2026-11-24","2026-11-24T02:15:00Z","1:30","1.2.3","10m","25%","-","+","1e","0x"])");
  EXPECT_EQ(Yaml("[9223372036854775807, 18446744073709551615, -9223372036854775808]"),
            "[9223372036854775807,18446744073709551615,-9223372036854775808]");
}

TEST(Yaml, KeysBecomeText) {
  EXPECT_EQ(Yaml("{1: a, yes: b, x: c}"), R"({"1":"a","true":"b","x":"c"})");
}

TEST(Yaml, HoldsSeveralDocuments) {
  EXPECT_EQ(Yaml("a: 1\n---\n# nothing\n---\nb: 2\n...\n"), "{\"a\":1}\n{\"b\":2}");
  EXPECT_EQ(Yaml(""), "");
  EXPECT_EQ(Yaml("{\"json\": [1]}"), "{\"json\":[1]}");
}

TEST(Yaml, BlocksKeepTheirLines) {
  EXPECT_EQ(Yaml("run: |\n  a\n  b\nfold: >-\n  c\n  d\n"), R"({"fold":"c d","run":"a\nb\n"})");
}

TEST(Yaml, AliasesAndMergesAreFollowed) {
  EXPECT_EQ(Yaml("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, p: 3}\nd: {q: 4, <<: [{q: 5, r: 6}, {r: "
                 "7, s: 8}]}"),
            R"({"a":{"p":1,"q":2},"b":{"p":1,"q":2},"c":{"p":3,"q":2},"d":{"q":4,"r":6,"s":8}})");
  EXPECT_EQ(Yaml("a: &x yes\nb: *x"), R"({"a":true,"b":true})");
}

TEST(Yaml, SaysWhereItIsWrong) {
  EXPECT_EQ(Yaml("a: 1\na: 2"), "refused: line 2, column 1: the key a is there twice");
  EXPECT_EQ(Yaml("a: .inf"), "refused: line 1, column 4: JSON has no value .inf");
  EXPECT_EQ(Yaml("a: !custom 1"),
            "refused: line 1, column 4: the tag !custom is not accepted here");
  EXPECT_EQ(Yaml("a: !!int x"),
            "refused: line 1, column 4: the tag tag:yaml.org,2002:int is not accepted here");
  EXPECT_EQ(Yaml("? [a]\n: 1"),
            "refused: line 1, column 3: a key must be text, not a list or a map");
  EXPECT_EQ(Yaml("<<: 3"), "refused: line 1, column 5: << needs a map or a list of maps");
  for (const char* text :
       {"a: [", "a: b: c", "\t- x", "a: *nobody", "%YAML 9.9\n---\na", "a: 'x"}) {
    EXPECT_TRUE(Yaml(text).starts_with("refused: line ")) << text << " " << Yaml(text);
  }
}

TEST(Yaml, HostileTextsAreRefusedQuickly) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 30; ++level) {
    const std::string before = std::to_string(level - 1);
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [*a" + before;
    for (int copy = 0; copy < 9; ++copy) {
      bomb += ", *a" + before;
    }
    bomb += "]\n";
  }
  EXPECT_NE(Yaml(bomb).find("the document grows too large"), std::string::npos);

  std::string text = "a: &a " + std::string(100'000, 'x') + "\nb: [";
  for (int copy = 0; copy < 1000; ++copy) {
    text += "*a, ";
  }
  EXPECT_NE(Yaml(text + "]").find("the document grows too large"), std::string::npos);

  EXPECT_NE(
      Yaml(std::string(1000, '[') + std::string(1000, ']')).find("nested deeper than 64 levels"),
      std::string::npos);
  EXPECT_TRUE(Yaml(std::string(100'000, '[')).starts_with("refused: line 1"));
  EXPECT_EQ(Yaml(std::string(100'000, '-')), "\"" + std::string(100'000, '-') + "\"");
  std::string blocks;
  for (int level = 0; level < 500; ++level) {
    blocks += std::string(static_cast<std::size_t>(level), ' ') + "a:\n";
  }
  EXPECT_NE(Yaml(blocks).find("nested deeper than 64 levels"), std::string::npos);
  EXPECT_NE(Yaml("a: &x [*x]").find("the alias stands inside of what it stands for"),
            std::string::npos);
  EXPECT_NE(Yaml(std::string(kMaxYamlBytes + 1, ' ')).find("bytes, and 1048576 is the limit"),
            std::string::npos);
  EXPECT_EQ(Yaml("a: \xff"), "refused: the text is not UTF-8");
  EXPECT_EQ(Yaml(std::string("a\0b", 3)), "refused: the text is not UTF-8");
}

TEST(Yaml, AliasesCannotHideDepth) {
  std::string text = "a: &a0 [x]\n";
  for (int level = 1; level < 80; ++level) {
    text += "k" + std::to_string(level) + ": &a" + std::to_string(level) + " [*a" +
            std::to_string(level - 1) + "]\n";
  }
  EXPECT_NE(Yaml(text).find("nested deeper than 64 levels"), std::string::npos);
}

TEST(RepositoryFile, BecomesJsonWithoutDefaults) {
  EXPECT_EQ(
      ReadRepositoryFile(
          "gate: {suites: [{name: api, run: npm test}]}\nrelease: {install: {run: npm ci}}")
          .value(),
      R"({"gate":{"suites":[{"name":"api","run":"npm test"}]},"release":{"install":{"run":"npm ci"}}})");
  EXPECT_EQ(ReadRepositoryFile("").value(), "{}");
  EXPECT_EQ(ReadRepositoryFile("# nothing yet\n").value(), "{}");
}

TEST(RepositoryFile, SaysEverythingThatIsWrong) {
  const Error error =
      ReadRepositoryFile(
          "release: {root: /srv, processes: [{name: web}]}\ngate: {suites: [{run: 1}]}")
          .error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.message,
            "slipway.yaml is invalid: release.root: there is no such field, gate.suites[0].run: "
            "Invalid value: \"integer\": gate.suites[0].run in body must be of type string: "
            "\"integer\", gate.suites[0].name: Required value");
  EXPECT_EQ(ReadRepositoryFile("release: {processes: [{name: Web, run: x}]}").error().message,
            "slipway.yaml is invalid: release.processes[0].name: Invalid value: \"Web\": "
            "release.processes[0].name in body should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' (a "
            "name of lower-case letters, digits and -, such as web-1, that begins and ends with a "
            "letter or a digit)");
  EXPECT_EQ(ReadRepositoryFile("release: {processes: [{name: web}]}").error().message,
            "slipway.yaml is invalid: release.processes[0]: \"web\": must have exactly one of run "
            "and service");
  EXPECT_EQ(ReadRepositoryFile("a: 1\n---\nb: 2").error().code, Code::kBadRequest);
  EXPECT_EQ(ReadRepositoryFile("[]").error().message,
            "slipway.yaml is invalid: Invalid value: \"array\": in body must be of type object: "
            "\"array\"");
}

}  // namespace
}  // namespace slipway::objects
