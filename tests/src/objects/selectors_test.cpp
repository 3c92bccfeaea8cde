#include "src/objects/selectors.hpp"

#include <gtest/gtest.h>

#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

bool Selects(const char* selector, const Json& labels) {
  const auto parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed.value().Matches({{"metadata", {{"labels", labels}}}});
}

TEST(LabelSelector, ComparesValues) {
  const Json web = {{"role", "web"}, {"size", "10"}};
  EXPECT_TRUE(Selects("role=web", web));
  EXPECT_TRUE(Selects("role == web,size=10", web));
  EXPECT_FALSE(Selects("role=db", web));
  EXPECT_FALSE(Selects("zone=a", web));
  EXPECT_TRUE(Selects("role!=db", web));
  EXPECT_TRUE(Selects("zone != a", web));
  EXPECT_TRUE(Selects("size>9,size<11", web));
  EXPECT_FALSE(Selects("size>10", web));
  EXPECT_FALSE(Selects("role>1", web));
  EXPECT_FALSE(Selects("zone<1", web));
  EXPECT_TRUE(Selects("empty=", {{"empty", ""}}));
}

TEST(LabelSelector, KnowsSetsAndExistence) {
  const Json web = {{"role", "web"}};
  EXPECT_TRUE(Selects("role in (db, web)", web));
  EXPECT_FALSE(Selects("role in (db)", web));
  EXPECT_TRUE(Selects("role notin (db,cache),role", web));
  EXPECT_TRUE(Selects("zone notin (a)", web));
  EXPECT_TRUE(Selects("!zone", web));
  EXPECT_FALSE(Selects("! role", web));
  EXPECT_TRUE(Selects("in in (in)", {{"in", "in"}}));
  EXPECT_TRUE(Selects("", web));
  EXPECT_TRUE(Selects("  ", Json::object()));
  EXPECT_TRUE(Selects("example.com/role=a", {{"example.com/role", "a"}}));
}

TEST(LabelSelector, LooksAtObjectsWithoutLabelsToo) {
  EXPECT_TRUE(LabelSelector::Parse("!a").value().Matches(Json::object()));
  EXPECT_FALSE(LabelSelector::Parse("a").value().Matches({{"metadata", Json::object()}}));
}

TEST(LabelSelector, IsRefusedWhereItCannotBeUnderstood) {
  for (const char* text :
       {"=", "a=b=c", "a,,b", "a,", ",a", "a in b", "a in (b", "a in", "a b", "!a=b", "a=(b)",
        "-a=b", "a=b c", "a=-", "a notin ()x", "a>x", "a like b", "a/b/c=d"}) {
    const auto parsed = LabelSelector::Parse(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_EQ(parsed.error().code, Code::kBadRequest);
  }
}

TEST(LabelSelector, SaysWhatIsWrongInTheWordsOfKubernetes) {
  const std::string requirement = "unable to parse requirement: ";
  for (const auto& [text, message] : std::initializer_list<std::pair<const char*, std::string>>{
           {"=x", "found '=', expected: !, identifier, or 'end of string'"},
           {"a b", requirement + "found 'b', expected: in, notin, =, ==, !=, gt, lt"},
           {"a in b", requirement + "found 'b' expected: '('"},
           {"a in (", requirement + "found '', expected: ',', ')' or identifier"},
           {"a in (b", requirement + "found '', expected: ',' or ')'"},
           {"a=(b)", requirement + "found '(', expected: identifier"},
           {"a,", "found '', expected: identifier after ','"},
           {"a=b c", "found 'c', expected: ',' or 'end of string'"},
           {"!a=b", "found '=', expected: ',' or 'end of string'"},
           {"a>x",
            requirement +
                "values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be "
                "an integer"},
           {"a in (b,-)",
            requirement +
                "values[0][a]: Invalid value: \"-\": a valid label must be an empty string or "
                "consist "
                "of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
                "for "
                "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"}}) {
    EXPECT_EQ(LabelSelector::Parse(text).error().message, message) << text;
  }
}

TEST(FieldSelector, ComparesTheFieldsThatTheKindOffers) {
  const Json event = FromYaml(
      "{metadata: {name: e1, namespace: default}, type: Warning, involvedObject: {kind: Rollout, "
      "name: shop-1}}");
  const auto selects = [&](const char* text) {
    const auto parsed = FieldSelector::Parse(KindNamed("Event"), text);
    EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
    return parsed.value().Matches(event);
  };
  EXPECT_TRUE(selects("involvedObject.name=shop-1,involvedObject.kind==Rollout,type!=Normal"));
  EXPECT_FALSE(selects("involvedObject.name=shop-2"));
  EXPECT_TRUE(selects("involvedObject.uid="));
  EXPECT_TRUE(selects("metadata.namespace=default"));
  EXPECT_TRUE(selects(""));
}

TEST(FieldSelector, TakesBackslashesForWhatTheyProtect) {
  const auto parsed = FieldSelector::Parse(KindNamed("Event"), R"(reason=a\,b\=c\\,type=x)");
  EXPECT_TRUE(parsed.value().Matches({{"reason", "a,b=c\\"}, {"type", "x"}}));
}

TEST(FieldSelector, SaysWhichNameItDemands) {
  const KindInfo& kind = KindNamed("Application");
  EXPECT_EQ(FieldSelector::Parse(kind, "metadata.name=shop").value().RequiredName(), "shop");
  EXPECT_EQ(FieldSelector::Parse(kind, "metadata.name!=shop").value().RequiredName(), "");
}

TEST(FieldSelector, RefusesOtherFields) {
  EXPECT_EQ(FieldSelector::Parse(KindNamed("Application"), "spec.suspend=true").error().message,
            "field label not supported: spec.suspend");
  EXPECT_EQ(FieldSelector::Parse(KindNamed("Namespace"), "metadata.namespace=x").error().code,
            Code::kBadRequest);
  EXPECT_TRUE(FieldSelector::Parse(KindNamed("Rollout"), "status.phase=Paused").has_value());
  for (const char* text : {"metadata.name", "metadata.name!shop", "=x"}) {
    EXPECT_EQ(FieldSelector::Parse(KindNamed("Rollout"), text).error().code, Code::kBadRequest)
        << text;
  }
}

}  // namespace
}  // namespace slipway::objects
