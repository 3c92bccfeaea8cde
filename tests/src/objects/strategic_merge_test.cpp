#include "src/objects/strategic_merge.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/base/json.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

/// The result as text, or the error's code and message.
std::string Patch(const char* object, const char* patch, const char* kind = "ConfigMap") {
  const auto result = ApplyStrategicMerge(KindNamed(kind), ReadJson(object), ReadJson(patch));
  return result.has_value()
             ? PrintJson(result.value())
             : std::to_string(HttpStatus(result.error().code)) + " " + result.error().message;
}

/// The finalizers of an object after a patch of its metadata.
std::string Finalizers(const char* before, const std::string& patch) {
  return Patch((std::string(R"({"metadata":{"finalizers":)") + before + "}}").c_str(),
               (R"({"metadata":{)" + patch + "}}").c_str());
}

std::string Owners(const char* before, const std::string& patch) {
  return Patch((std::string(R"({"metadata":{"ownerReferences":)") + before + "}}").c_str(),
               (R"({"metadata":{)" + patch + "}}").c_str());
}

std::string PatchedData(const char* before, const char* patch) {
  return Patch((std::string(R"({"data":)") + before + "}").c_str(),
               (std::string(R"({"data":)") + patch + "}").c_str());
}

std::string WithFinalizers(const char* list) {
  return std::string(R"({"metadata":{"finalizers":)") + list + "}}";
}
std::string WithOwners(const char* list) {
  return std::string(R"({"metadata":{"ownerReferences":)") + list + "}}";
}

TEST(StrategicMerge, IsAMergeWhereThereAreNoLists) {
  EXPECT_EQ(PatchedData(R"({"a":"1","b":"2"})", R"({"a":"3","b":null,"c":"4","d":null})"),
            R"({"data":{"a":"3","c":"4"}})");
  EXPECT_EQ(Patch(R"({})", R"({"data":{"a":"1","b":null}})"), R"({"data":{"a":"1"}})");
  EXPECT_EQ(Patch(R"({"data":{"a":"1"}})", R"({"data":null})"), R"({})");
}

TEST(StrategicMerge, PatchReplacesOrDeletesAnObject) {
  EXPECT_EQ(PatchedData(R"({"a":"1"})", R"({"$patch":"replace","b":"2"})"),
            R"({"data":{"b":"2"}})");
  EXPECT_EQ(PatchedData(R"({"a":"1"})", R"({"$patch":"delete"})"), R"({"data":{}})");
  EXPECT_EQ(Patch(R"({})", R"({"data":{"$patch":"replace","b":"2"}})"), R"({})");
  EXPECT_EQ(PatchedData(R"({"a":"1"})", R"({"$patch":"merge","b":"2"})"),
            "500 unknown patch type: merge in map: map[$patch:merge b:2]");
}

TEST(StrategicMerge, SetsAreMerged) {
  EXPECT_EQ(Finalizers(R"(["a","b"])", R"("finalizers":["c","a"])"),
            WithFinalizers(R"(["c","a","b"])"));
  EXPECT_EQ(Finalizers(R"(["a"])", R"("finalizers":["b"])"), WithFinalizers(R"(["b","a"])"));
  EXPECT_EQ(Finalizers(R"(["a"])", R"("finalizers":["a"])"), WithFinalizers(R"(["a"])"));
}

TEST(StrategicMerge, ValuesAreDeletedFromSets) {
  EXPECT_EQ(Finalizers(R"(["a","b","c"])", R"("$deleteFromPrimitiveList/finalizers":["b","x"])"),
            WithFinalizers(R"(["a","c"])"));
  EXPECT_EQ(Finalizers(R"(["a"])", R"("$deleteFromPrimitiveList":["a"])"),
            "400 invalid patch format of primitive list");
  EXPECT_EQ(
      Patch(R"({"metadata":{}})", R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b"]}})"),
      R"({"metadata":{}})");
}

TEST(StrategicMerge, SetsAreOrdered) {
  EXPECT_EQ(Finalizers(R"(["a","b","c"])", R"("$setElementOrder/finalizers":["c","a"])"),
            WithFinalizers(R"(["b","c","a"])"));
  EXPECT_EQ(Finalizers(R"(["a","b"])",
                       R"("$setElementOrder/finalizers":["x","b","a"],"finalizers":["x"])"),
            WithFinalizers(R"(["x","b","a"])"));
  EXPECT_EQ(Finalizers(R"(["a"])", R"("$setElementOrder/finalizers":["a"],"finalizers":["b"])"),
            "500 The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n");
  EXPECT_EQ(Finalizers(R"(["a"])", R"("$setElementOrder":["a"])"),
            "400 invalid patch format of setElementOrder list");
  EXPECT_EQ(Finalizers(R"(["a"])", R"("$setElementOrder/finalizers":"a")"),
            "500 expected a []interface {}, but received a string");
}

TEST(StrategicMerge, ItemsAreMergedByTheirKey) {
  EXPECT_EQ(Owners(R"([{"uid":"1","name":"a"},{"uid":"2","name":"b"}])",
                   R"("ownerReferences":[{"uid":"2","kind":"K"},{"uid":"3","name":"c"}])"),
            WithOwners(R"([{"name":"a","uid":"1"},{"kind":"K","name":"b","uid":"2"},)"
                       R"({"name":"c","uid":"3"}])"));
  EXPECT_EQ(Owners(R"([{"uid":"1"}])", R"("ownerReferences":[{"name":"c"}])"),
            "500 map: map[name:c] does not contain declared merge key: uid");
}

TEST(StrategicMerge, ItemsAreDeletedAndReplaced) {
  EXPECT_EQ(Owners(R"([{"uid":"1"},{"uid":"2"}])",
                   R"("ownerReferences":[{"$patch":"delete","uid":"1"}])"),
            WithOwners(R"([{"uid":"2"}])"));
  EXPECT_EQ(Owners(R"([{"uid":"1"},{"uid":"2"}])",
                   R"("ownerReferences":[{"$patch":"replace"},{"uid":"3"}])"),
            WithOwners(R"([{"uid":"3"}])"));
  EXPECT_EQ(Owners(R"([{"uid":"1"}])", R"("ownerReferences":[{"$patch":"delete"}])"),
            "500 map: map[$patch:delete] does not contain declared merge key: uid");
  EXPECT_EQ(Owners(R"([{"uid":"1"}])", R"("ownerReferences":[{"$patch":"merge"}])"),
            "500 merging lists cannot yet be specified in the patch");
  EXPECT_EQ(
      Patch(R"({"metadata":{}})",
            R"({"metadata":{"ownerReferences":[{"$patch":"delete","uid":"1"},{"uid":"2"}]}})"),
      WithOwners(R"([{"uid":"2"}])"));
}

TEST(StrategicMerge, ItemsAreOrdered) {
  EXPECT_EQ(Owners(R"([{"uid":"1"},{"uid":"2"},{"uid":"3"}])",
                   R"("$setElementOrder/ownerReferences":[{"uid":"3"},{"uid":"1"}])"),
            WithOwners(R"([{"uid":"2"},{"uid":"3"},{"uid":"1"}])"));
}

TEST(StrategicMerge, OnlyTheKeysThatAreRetainedStay) {
  EXPECT_EQ(PatchedData(R"({"a":"1","b":"2"})", R"({"$retainKeys":["a","c"],"c":"3"})"),
            R"({"data":{"a":"1","c":"3"}})");
  EXPECT_EQ(PatchedData(R"({"a":"1"})", R"({"$retainKeys":["a"],"c":"3"})"),
            "400 invalid patch format of retainKeys");
  EXPECT_EQ(PatchedData(R"({"a":"1"})", R"({"$retainKeys":"a"})"),
            "400 invalid patch format of retainKeys");
}

TEST(StrategicMerge, ListsOfOneValueReplaceEachOther) {
  EXPECT_EQ(
      Patch(R"({"spec":{"finalizers":["a"]}})", R"({"spec":{"finalizers":["b"]}})", "Namespace"),
      R"({"spec":{"finalizers":["b"]}})");
  EXPECT_EQ(Patch(R"({"metadata":{"managedFields":[{"manager":"a"}]}})",
                  R"({"metadata":{"managedFields":[{}]}})"),
            R"({"metadata":{"managedFields":[{}]}})");
}

TEST(StrategicMerge, ListsOfUnlikeItemsAreRefused) {
  EXPECT_EQ(Finalizers(R"(["a"])", R"("finalizers":[{"a":"b"}])"),
            "500 list element types are not identical: [[a] [map[a:b]]]");
  EXPECT_EQ(Finalizers(R"(["a"])", R"("finalizers":[["a"]])"),
            "422 the server rejected our request due to an error in our request");
}

TEST(StrategicMerge, IsNotForKindsOfOurs) {
  EXPECT_EQ(Patch("{}", "{}", "Application"), "400 strategic merge patch format is not supported");
  EXPECT_EQ(Patch("{}", "[]").substr(0, 3), "400");
}

}  // namespace
}  // namespace slipway::objects
