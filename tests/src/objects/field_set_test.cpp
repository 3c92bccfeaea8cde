#include "src/objects/field_set.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/json.hpp"

namespace slipway::objects {
namespace {

FieldSet Set(const char* fields) { return FieldSet::Read(ReadJson(fields)).value(); }

/// The set as FieldsV1.
std::string Text(const FieldSet& set) { return PrintJson(set.Write()); }

std::vector<std::string> Paths(const FieldSet& set) {
  std::vector<std::string> paths;
  set.ForEach([&](const std::string& path) { paths.push_back(path); });
  return paths;
}

TEST(FieldSet, IsWrittenAsItWasRead) {
  for (const char* fields : {
           R"({})",
           R"({"f:spec":{".":{},"f:size":{}}})",
           R"({"f:tags":{"v:\"x\"":{},"v:1":{},"v:null":{},"v:true":{}}})",
           R"({"f:ports":{"k:{\"name\":\"p\",\"port\":80}":{".":{},"f:name":{}}}})",
           R"({"f:list":{"i:3":{}}})",
       }) {
    EXPECT_EQ(Text(Set(fields)), fields);
  }
}

TEST(FieldSet, AFieldWithNothingBelowIsAMember) {
  EXPECT_EQ(Paths(Set(R"({"f:a":{},"f:b":{"f:c":{}}})")), (std::vector<std::string>{".a", ".b.c"}));
}

TEST(FieldSet, StepsOfAKindThatIsNotKnownAreLeftOut) {
  EXPECT_EQ(Text(Set(R"({"f:a":{},"z:b":{"f:c":{}}})")), R"({"f:a":{}})");
}

TEST(FieldSet, MalformedStepsAreRefused) {
  for (const char* fields :
       {R"({"a":{}})", R"({"f":{}})", R"({"fa":{}})", R"({"v:x":{}})", R"({"k:[1]":{}})",
        R"({"i:1x":{}})", R"({"i:":{}})", R"({"f:a":3})", R"([])", R"({"f:a":{"f:b":null}})"}) {
    EXPECT_FALSE(FieldSet::Read(ReadJson(fields)).has_value()) << fields;
  }
}

TEST(FieldSet, KeysThatAreTheSameAreOne) {
  EXPECT_EQ(
      Text(Set(R"({"f:a":{"k:{\"x\":1,\"y\":2}":{"f:p":{}},"k:{\"y\":2,\"x\":1}":{"f:q":{}}}})")),
      R"({"f:a":{"k:{\"x\":1,\"y\":2}":{"f:p":{},"f:q":{}}}})");
  EXPECT_EQ(Paths(Set(R"({"f:a":{"v:1":{},"v:1.0":{}}})")).size(), 1U);
}

TEST(FieldSet, PathsComeInTheOrderOfTheirSteps) {
  EXPECT_EQ(
      Paths(
          Set(R"({"f:b":{},"f:a":{".":{},"f:z":{}},"f:l":{"i:2":{},"v:10":{},"v:9":{},"v:\"a\"":{},
                "k:{\"n\":10}":{},"k:{\"n\":9}":{},"k:{\"n\":\"x\"}":{}}})")),
      (std::vector<std::string>{".a", ".b", ".a.z", ".l[n=9]", ".l[n=10]", ".l[n=\"x\"]", ".l[=9]",
                                ".l[=10]", ".l[=\"a\"]", ".l[2]"}));
}

TEST(FieldSet, TextIsQuotedAsGoQuotesIt) {
  EXPECT_EQ(Paths(Set(R"({"f:a":{"v:\"x\\\"\\n\\u0001\"":{}}})"))[0], R"(.a[="x\"\n\x01"])");
  EXPECT_EQ(Text(Set(R"({"v:\"<&\\u0008\"":{}})")), R"({"v:\"\\u003c\\u0026\\u0008\"":{}})");
}

TEST(FieldSet, ThereIsArithmetic) {
  const FieldSet left = Set(R"({"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{}})");
  const FieldSet right = Set(R"({"f:a":{"f:y":{},"f:z":{}},"f:c":{}})");
  EXPECT_EQ(Text(left.Union(right)),
            R"({"f:a":{".":{},"f:x":{},"f:y":{},"f:z":{}},"f:b":{},"f:c":{}})");
  EXPECT_EQ(Text(left.Intersection(right)), R"({"f:a":{"f:y":{}}})");
  EXPECT_EQ(Text(left.Difference(right)), R"({"f:a":{".":{},"f:x":{}},"f:b":{}})");
  EXPECT_EQ(Text(right.Difference(left)), R"({"f:a":{"f:z":{}},"f:c":{}})");
  EXPECT_TRUE(left.Difference(left).empty());
  EXPECT_EQ(Text(left.Union({})), Text(left));
}

TEST(FieldSet, WhatIsBelowGoesWithARecursiveDifferenceOnly) {
  const FieldSet set = Set(R"({"f:status":{"f:phase":{}},"f:spec":{"f:size":{}}})");
  const FieldSet status = Set(R"({"f:status":{}})");
  EXPECT_EQ(Text(set.Difference(status)), Text(set));
  EXPECT_EQ(Text(set.RecursiveDifference(status)), R"({"f:spec":{"f:size":{}}})");
}

TEST(FieldSet, OneOfAMegabyteIsReadInTime) {
  nlohmann::json values = nlohmann::json::object();
  for (int i = 0; i < 60'000; ++i) {
    values["v:" + std::to_string(i * 7919 % 1'000'003)] = nlohmann::json::object();
  }
  const auto set = FieldSet::Read({{"f:a", values}});
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set.value().Write()["f:a"], values);
}

}  // namespace
}  // namespace slipway::objects
