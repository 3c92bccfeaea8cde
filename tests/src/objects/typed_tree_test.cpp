#include "src/objects/typed_tree.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/base/json.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

/// One of everything that owners are kept for.
const SchemaNode& Everything() {
  static const Schema kSchema(FromYaml(R"(
type: object
properties:
  size: {type: integer}
  name: {type: string}
  span: {type: string, format: duration}
  bytes: {type: string, format: byte}
  word: {type: string, format: password}
  flag: {type: boolean}
  amount: {x-kubernetes-int-or-string: true}
  open: {type: object}
  map: {type: object, additionalProperties: {type: string}}
  whole: {type: object, x-kubernetes-map-type: atomic, additionalProperties: {type: string}}
  list: {type: array, items: {type: string}}
  set: {type: array, x-kubernetes-list-type: set, items: {type: string}}
  part:
    type: object
    properties:
      a: {type: string}
      b: {type: string}
  items:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [name, port]
    items:
      type: object
      properties:
        name: {type: string}
        port: {type: integer, default: 80}
        value: {type: string}
)"));
  return kSchema.root();
}

std::string Fields(const char* tree) {
  return PrintJson(FieldsOf(Everything(), ReadJson(tree)).Write());
}

/// What was added, modified and removed.
std::string Differences(const char* before, const char* after) {
  const Comparison all = Compare(Everything(), ReadJson(before), ReadJson(after));
  return "+" + PrintJson(all.added.Write()) + " ~" + PrintJson(all.modified.Write()) + " -" +
         PrintJson(all.removed.Write());
}

std::string Merged(const char* live, const char* applied) {
  return PrintJson(Merge(Everything(), ReadJson(live), ReadJson(applied)));
}

std::string Less(const char* tree, const char* paths) {
  return PrintJson(Without(Everything(), ReadJson(tree), FieldSet::Read(ReadJson(paths)).value()));
}

std::string Misfit(const char* tree) { return MisfitOf(Everything(), ReadJson(tree), true); }

TEST(Fields, AreLeavesItemsAndWhatTheSchemaLeavesOpen) {
  EXPECT_EQ(Fields(R"({"size":1,"list":["a"],"whole":{"x":"y"}})"),
            R"({"f:list":{},"f:size":{},"f:whole":{}})");
  EXPECT_EQ(Fields(R"({"map":{"x":"y"},"part":{"a":"1"}})"),
            R"({"f:map":{"f:x":{}},"f:part":{"f:a":{}}})");
  EXPECT_EQ(Fields(R"({"set":["b","a"]})"), R"({"f:set":{"v:\"a\"":{},"v:\"b\"":{}}})");
  EXPECT_EQ(Fields(R"({"items":[{"name":"x","value":"1"}]})"),
            R"({"f:items":{"k:{\"name\":\"x\",\"port\":80}":{".":{},"f:name":{},"f:value":{}}}})");
  EXPECT_EQ(Fields(R"({"open":{"x":{"y":[1]}}})"), R"({"f:open":{"f:x":{".":{},"f:y":{}}}})");
}

TEST(Fields, EmptyMapsAndNothingAreFieldsButEmptySetsAreNot) {
  EXPECT_EQ(Fields(R"({"map":{},"part":null})"), R"({"f:map":{},"f:part":{}})");
  EXPECT_EQ(Fields(R"({"set":[],"items":[]})"), R"({})");
  EXPECT_EQ(Fields(R"({"list":[]})"), R"({"f:list":{}})");
}

TEST(Fields, ItemsThatAreThereTwiceCountAsOne) {
  EXPECT_EQ(Fields(R"({"items":[{"name":"x","value":"1"},{"name":"x","value":"2"}]})"),
            R"({"f:items":{"k:{\"name\":\"x\",\"port\":80}":{}}})");
}

TEST(Differences, AreToldApart) {
  EXPECT_EQ(Differences(R"({"size":1,"name":"a"})", R"({"size":2,"flag":true})"),
            R"(+{"f:flag":{}} ~{"f:size":{}} -{"f:name":{}})");
  EXPECT_EQ(Differences(R"({"list":["a","b"]})", R"({"list":["b","a"]})"),
            R"(+{} ~{"f:list":{}} -{})");
  EXPECT_EQ(Differences(R"({"set":["a","b"]})", R"({"set":["b","a","c"]})"),
            R"(+{"f:set":{"v:\"c\"":{}}} ~{} -{})");
  EXPECT_EQ(Differences(R"({})", R"({"part":{"a":"1"}})"),
            R"(+{"f:part":{".":{},"f:a":{}}} ~{} -{})");
  EXPECT_EQ(Differences(R"({"part":{}})", R"({"part":{"a":"1"}})"),
            R"(+{"f:part":{"f:a":{}}} ~{} -{})");
  EXPECT_EQ(Differences(R"({"whole":{"x":"1"}})", R"({"whole":{"x":"2"}})"),
            R"(+{} ~{"f:whole":{}} -{})");
  EXPECT_EQ(Differences(R"({"part":{"a":"1"}})", R"({"part":{"a":"1"}})"), R"(+{} ~{} -{})");
}

TEST(Differences, OfItemsGoByTheirKeys) {
  EXPECT_EQ(Differences(R"({"items":[{"name":"x","value":"1"},{"name":"y"}]})",
                        R"({"items":[{"name":"z"},{"name":"x","value":"2"}]})"),
            R"(+{"f:items":{"k:{\"name\":\"z\",\"port\":80}":{".":{},"f:name":{}}}})"
            R"( ~{"f:items":{"k:{\"name\":\"x\",\"port\":80}":{"f:value":{}}}})"
            R"( -{"f:items":{"k:{\"name\":\"y\",\"port\":80}":{".":{},"f:name":{}}}})");
}

TEST(Differences, OfItemsThatAreThereTwiceAreOfThemAsAWhole) {
  EXPECT_EQ(Differences(R"({"set":["a","a"]})", R"({"set":["a"]})"),
            R"(+{"f:set":{"v:\"a\"":{}}} ~{} -{"f:set":{"v:\"a\"":{}}})");
  EXPECT_EQ(Differences(R"({"set":["a","a"]})", R"({"set":["a","a","a"]})"),
            R"(+{} ~{"f:set":{"v:\"a\"":{}}} -{})");
}

TEST(Merge, TakesWhatIsAppliedAndKeepsTheRest) {
  EXPECT_EQ(Merged(R"({"size":1,"name":"a","part":{"a":"1"}})", R"({"size":2,"part":{"b":"2"}})"),
            R"({"name":"a","part":{"a":"1","b":"2"},"size":2})");
  EXPECT_EQ(Merged(R"({"list":["a"],"whole":{"x":"1"}})", R"({"list":["b"],"whole":{"y":"2"}})"),
            R"({"list":["b"],"whole":{"y":"2"}})");
  EXPECT_EQ(Merged(R"({"part":{"a":"1"},"size":1})", R"({"part":null,"size":null})"),
            R"({"part":{"a":"1"},"size":null})");
}

TEST(Merge, ListsGetTheOrderOfWhatIsApplied) {
  EXPECT_EQ(Merged(R"({"set":["a","b","c"]})", R"({"set":["c","a"]})"), R"({"set":["b","c","a"]})");
  EXPECT_EQ(Merged(R"({"set":["a","b","c"]})", R"({"set":["b","x"]})"),
            R"({"set":["a","b","c","x"]})");
  EXPECT_EQ(Merged(R"({"set":["c","d"]})", R"({"set":["a","b"]})"), R"({"set":["c","d","a","b"]})");
  EXPECT_EQ(Merged(R"({"items":[{"name":"x","value":"1"},{"name":"y"}]})",
                   R"({"items":[{"name":"y","value":"2"},{"name":"x"}]})"),
            R"({"items":[{"name":"y","value":"2"},{"name":"x","value":"1"}]})");
}

TEST(Without, RemovesFieldsAndItems) {
  EXPECT_EQ(Less(R"({"size":1,"name":"a"})", R"({"f:size":{}})"), R"({"name":"a"})");
  EXPECT_EQ(Less(R"({"set":["a","b"]})", R"({"f:set":{"v:\"a\"":{}}})"), R"({"set":["b"]})");
  EXPECT_EQ(Less(R"({"items":[{"name":"x","value":"1"},{"name":"y"}]})",
                 R"({"f:items":{"k:{\"name\":\"x\",\"port\":80}":{"f:value":{}},
                     "k:{\"name\":\"y\",\"port\":80}":{}}})"),
            R"({"items":[{"name":"x"}]})");
}

TEST(NamedFields, BecomeMembersWhereTheyHaveSomethingBelow) {
  const FieldSet set =
      FieldSet::Read(
          ReadJson(R"({"f:part":{"f:a":{}},"f:map":{"f:x":{}},"f:open":{"f:x":{"f:y":{}}}})"))
          .value();
  EXPECT_EQ(PrintJson(WithNamedFields(Everything(), set).Write()),
            R"({"f:map":{".":{},"f:x":{}},"f:open":{".":{},"f:x":{"f:y":{}}},)"
            R"("f:part":{".":{},"f:a":{}}})");
}

TEST(Misfit, IsToldAsKubernetesTellsIt) {
  EXPECT_EQ(Misfit(R"({"size":1,"name":null,"amount":"3%","open":{"x":[{}]},"set":["a"]})"), "");
  EXPECT_EQ(Misfit(R"({"colour":1})"), ".colour: field not declared in schema");
  EXPECT_EQ(Misfit(R"({"size":"1"})"), ".size: expected numeric (int or float), got string");
  EXPECT_EQ(Misfit(R"({"name":8080})"),
            ".name: expected string, got &value.valueUnstructured{Value:8080}");
  EXPECT_EQ(Misfit(R"({"name":{"a":[true]}})"),
            ".name: expected string, got &value.valueUnstructured{Value:map[string]interface "
            "{}{\"a\":[]interface {}{true}}}");
  EXPECT_EQ(Misfit(R"({"span":true})"), "");
  EXPECT_EQ(Misfit(R"({"span":[3]})"), ".span: expected any scalar, got &{[3]}");
  EXPECT_EQ(Misfit(R"({"span":{}})"), ".span: expected any scalar, got &{map[]}");
  EXPECT_EQ(Misfit(R"({"bytes":3})"),
            ".bytes: expected string, got &value.valueUnstructured{Value:3}");
  EXPECT_EQ(Misfit(R"({"word":true})"),
            ".word: expected string, got &value.valueUnstructured{Value:true}");
  EXPECT_EQ(Misfit(R"({"flag":"yes"})"), ".flag: expected boolean, got &{yes}");
  EXPECT_EQ(Misfit(R"({"map":[1,{"a":"b"}]})"), ".map: expected map, got &{[1 map[a:b]]}");
  EXPECT_EQ(Misfit(R"({"list":{"a":1}})"), ".list: expected list, got &{map[a:1]}");
  EXPECT_EQ(Misfit(R"({"set":["a","a"]})"), ".set: duplicate entries for key [=\"a\"]");
  EXPECT_EQ(Misfit(R"({"items":[{"port":1}]})"),
            ".items: element 0: associative list with keys has an element that omits key field "
            "\"name\" (and doesn't have default value)");
  EXPECT_EQ(Misfit(R"({"items":[{"name":"x","value":3}]})"),
            ".items[name=\"x\",port=80].value: expected string, got "
            "&value.valueUnstructured{Value:3}");
  EXPECT_EQ(Misfit(R"({"items":[{"name":{}}]})"),
            ".items[name=,port=80].name: expected string, got "
            "&value.valueUnstructured{Value:map[string]interface {}{}}");
  EXPECT_EQ(
      Misfit(R"({"items":[{"name":["a",{"b":1}]}]})"),
      ".items[name=[\"a\",b=1],port=80].name: expected string, got "
      "&value.valueUnstructured{Value:[]interface {}{\"a\", map[string]interface {}{\"b\":1}}}");
  EXPECT_EQ(Misfit(R"({"map":{"a":1},"size":true})"),
            "errors:\n  .map.a: expected string, got &value.valueUnstructured{Value:1}\n"
            "  .size: expected numeric (int or float), got bool");
}

}  // namespace
}  // namespace slipway::objects
