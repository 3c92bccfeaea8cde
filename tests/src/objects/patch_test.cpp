#include "src/objects/patch.hpp"
#include "reconciler/base/json.hpp"

#include <gtest/gtest.h>

#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

/// The result as text, or the error's code and message.
std::string Text(const Result<Json>& result) {
  if (result.has_value()) {
    return PrintJson(result.value());
  }
  return std::to_string(HttpStatus(result.error().code)) + " " + result.error().message;
}

std::string Merge(const char* object, const char* patch) {
  return Text(ApplyMergePatch(ReadJson(object), ReadJson(patch)));
}

std::string Patch(const char* object, const std::string& patch) {
  return Text(ApplyJsonPatch(ReadJson(object), ReadJson(patch)));
}

TEST(MergePatch, ReplacesAddsAndRemoves) {
  EXPECT_EQ(Merge(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(Merge(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
  EXPECT_EQ(Merge(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
  EXPECT_EQ(Merge(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(Merge(R"({"a":"text"})", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
  EXPECT_EQ(Merge(R"({"e":null})", R"({"a":1})"), R"({"a":1,"e":null})");
}

TEST(MergePatch, ReplacesListsWhole) {
  EXPECT_EQ(Merge(R"({"a":[{"b":"c"},1]})", R"({"a":[2]})"), R"({"a":[2]})");
  EXPECT_EQ(Merge(R"({"a":[1]})", R"({"a":{"b":1}})"), R"({"a":{"b":1}})");
}

TEST(MergePatch, MustBeAnObject) {
  using Pair = std::pair<const char*, const char*>;
  for (const auto& [patch, name] :
       {Pair{"[]", "array"}, Pair{"1", "number"}, Pair{"\"x\"", "string"}}) {
    EXPECT_EQ(Merge("{}", patch), std::string("400 error decoding patch: json: cannot unmarshal ") +
                                      name + " into Go value of type map[string]interface {}");
  }
}

TEST(JsonPatch, AddsToObjectsAndLists) {
  EXPECT_EQ(Patch("{}", R"([{"op":"add","path":"/a","value":{"b":1}}])"), R"({"a":{"b":1}})");
  EXPECT_EQ(Patch(R"({"a":1})", R"([{"op":"add","path":"/a","value":2}])"), R"({"a":2})");
  EXPECT_EQ(Patch(R"({"l":[1,3]})", R"([{"op":"add","path":"/l/1","value":2}])"),
            R"({"l":[1,2,3]})");
  EXPECT_EQ(Patch(R"({"l":[1]})", R"([{"op":"add","path":"/l/-","value":[2]}])"),
            R"({"l":[1,[2]]})");
  EXPECT_EQ(Patch(R"({"l":[1]})", R"([{"op":"add","path":"/l/1","value":2}])"), R"({"l":[1,2]})");
  EXPECT_EQ(Patch("{}", R"([{"op":"add","path":"/a~1b~0c","value":1}])"), R"({"a/b~c":1})");
  EXPECT_EQ(Patch("{}", R"([{"op":"add","path":"/","value":1}])"), R"({"":1})");
  EXPECT_EQ(Patch(R"({"l":[1,3]})", R"([{"op":"add","path":"/l/-2","value":2}])"),
            R"({"l":[1,2,3]})");
  EXPECT_EQ(Patch(R"({"l":[1]})", R"([{"op":"add","path":"/l/01","value":2}])"), R"({"l":[1,2]})");
  EXPECT_EQ(Patch("{}", R"([{"op":"add","path":"a/b~2"}])"), R"({"b~2":null})");
}

TEST(JsonPatch, RemovesReplacesMovesAndCopies) {
  EXPECT_EQ(Patch(R"({"a":1,"l":[1,2]})",
                  R"([{"op":"remove","path":"/a"},{"op":"remove","path":"/l/0"}])"),
            R"({"l":[2]})");
  EXPECT_EQ(Patch(R"({"a":1})", R"([{"op":"replace","path":"/a","value":null}])"), R"({"a":null})");
  EXPECT_EQ(Patch(R"({"a":{"b":1},"c":{}})", R"([{"op":"move","from":"/a/b","path":"/c/d"}])"),
            R"({"a":{},"c":{"d":1}})");
  EXPECT_EQ(Patch(R"({"l":[1,2,3]})", R"([{"op":"move","from":"/l/0","path":"/l/2"}])"),
            R"({"l":[2,3,1]})");
  EXPECT_EQ(
      Patch(R"({"a":[1]})",
            R"([{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/-","value":2}])"),
      R"({"a":[1],"b":[1,2]})");
}

TEST(JsonPatch, TestsBeforeItChanges) {
  EXPECT_EQ(Patch(R"({"a":{"b":[1]}})",
                  R"([{"op":"test","path":"/a","value":{"b":[1]}},{"op":"remove","path":"/a"}])"),
            "{}");
  EXPECT_EQ(
      Patch(R"({"a":1})", R"([{"op":"remove","path":"/a"},{"op":"test","path":"/a","value":1}])"),
      "422 the server rejected our request due to an error in our request");
  EXPECT_EQ(Patch("{}", R"([{"op":"test","path":"/a","value":null}])"), "{}");
  EXPECT_EQ(Patch("{}", R"([{"op":"test","path":"/a/b","value":null}])").substr(0, 3), "422");
  EXPECT_EQ(Patch(R"({"a":"1"})", R"([{"op":"test","path":"/a","value":1}])").substr(0, 3), "422");
  EXPECT_EQ(Patch(R"({"a":10.0})", R"([{"op":"test","path":"/a","value":10}])"), R"({"a":10.0})");
}

TEST(JsonPatch, PathsThatLeadNowhereDoNotFit) {
  for (const char* patch : {R"([{"op":"remove","path":"/x"}])",
                            R"([{"op":"replace","path":"/x/y","value":1}])",
                            R"([{"op":"replace","path":"/l/7","value":1}])",
                            R"([{"op":"add","path":"","value":{"b":2}}])",
                            R"([{"op":"remove","path":""}])",
                            R"([{"op":"add","path":"a","value":1}])",
                            R"([{"op":"jump","path":"/a","value":1}])",
                            R"([{"path":"/a"}])",
                            R"([{"op":"add"}])",
                            R"([{"op":"move","path":"/a"}])",
                            R"([{"op":"move","from":"/x","path":"/y"}])",
                            R"([{"op":"add","path":"/x/y","value":1}])",
                            R"([{"op":"add","path":"/a/b","value":1}])",
                            R"([{"op":"add","path":"/l/2","value":1}])",
                            R"([{"op":"add","path":"/l/-3","value":1}])",
                            R"([{"op":"add","path":"/l/x","value":1}])",
                            R"([{"op":"remove","path":"/l/-"}])",
                            R"([{"op":"copy","from":"/l/7","path":"/y"}])",
                            R"([{"op":"move","from":"/l","path":"/l/0"}])",
                            R"([{"op":"add","path":"/l/99999999999999999999","value":1}])"}) {
    EXPECT_EQ(Patch(R"({"a":"text","l":[1]})", patch).substr(0, 3), "422") << patch;
  }
}

TEST(JsonPatch, MalformedOnesAreBadRequests) {
  for (const char* patch :
       {"{}", "[1]", R"([{"op":1,"path":"/a"}])", R"([{"op":"copy","path":"/a","from":[]}])"}) {
    EXPECT_EQ(Patch(R"({"a":1})", patch).substr(0, 3), "400") << patch;
  }
}

TEST(JsonPatch, MayLeaveNoObjectOrNothingToDo) {
  EXPECT_EQ(Patch(R"({"a":1})", R"([{"op":"replace","path":"","value":[3]}])"), "[3]");
  EXPECT_EQ(Patch(R"({"a":1})", "null"), R"({"a":1})");
}

TEST(JsonPatch, FieldsThatAreNotThereAreReplacedAndCopiedAllTheSame) {
  EXPECT_EQ(Patch("{}", R"([{"op":"replace","path":"/x","value":1}])"), R"({"x":1})");
  EXPECT_EQ(Patch("{}", R"([{"op":"copy","from":"/x","path":"/y"}])"), R"({"y":null})");
}

TEST(JsonPatch, IsBounded) {
  const Json add = {{"op", "add"}, {"path", "/a"}, {"value", 1}};
  EXPECT_TRUE(ApplyJsonPatch(Json::object(), Json(kMaxPatchOperations, add)).has_value());
  EXPECT_EQ(ApplyJsonPatch(Json::object(), Json(kMaxPatchOperations + 1, add)).error().code,
            Code::kTooLarge);

  Json doubling = Json::array();
  for (int round = 0; round < 60; ++round) {
    doubling.push_back({{"op", "copy"}, {"from", "/l"}, {"path", "/l/-"}});
  }
  EXPECT_EQ(ApplyJsonPatch(ReadJson(R"({"l":["xxxxxxxx"]})"), doubling).error().code,
            Code::kTooLarge);

  Json shifting = Json::array();
  Json moving = Json::array();
  for (int round = 0; round < 6'000; ++round) {
    shifting.push_back({{"op", "add"}, {"path", "/l/0"}, {"value", 1}});
    moving.push_back({{"op", "move"},
                      {"from", round % 2 == 0 ? "/l" : "/m"},
                      {"path", round % 2 == 0 ? "/m" : "/l"}});
  }
  const Json small = {{"l", Json(1'000, 0)}};
  EXPECT_EQ(ApplyJsonPatch(small, moving).value(), small);
  EXPECT_TRUE(
      ApplyJsonPatch({{"l", Json::array()}}, Json(shifting.begin(), shifting.begin() + 4'000))
          .has_value());
  EXPECT_EQ(ApplyJsonPatch({{"l", Json::array()}}, shifting).error().code, Code::kTooLarge);
  EXPECT_EQ(ApplyJsonPatch({{"l", Json(2'000, 0)}}, moving).error().code, Code::kTooLarge);
  for (Json& operation : shifting) {
    operation = {{"op", "remove"}, {"path", "/l/0"}};
  }
  EXPECT_EQ(ApplyJsonPatch({{"l", Json(8'000, 0)}}, shifting).error().code, Code::kTooLarge);

  Json deep = Json::array();
  std::string path = "/a";
  for (int level = 0; level < 70; ++level, path += "/a") {
    deep.push_back({{"op", "add"}, {"path", path}, {"value", Json::object()}});
  }
  EXPECT_EQ(ApplyJsonPatch(Json::object(), deep).error().code, Code::kBadRequest);
}

TEST(JsonPatch, NoDetourLeadsToADeepDocument) {
  Json nest = 1;
  std::string bottom;
  for (int level = 0; level < 60; ++level) {
    nest = {{"a", nest}};
    bottom += "/a";
  }
  // Each round hangs what there is below sixty further levels, and takes it away in the end.
  Json tower = Json::array();
  for (int round = 0; round < 3'000; ++round) {
    tower.push_back({{"op", "add"}, {"path", "/new"}, {"value", nest}});
    tower.push_back({{"op", "move"}, {"from", "/old"}, {"path", "/new" + bottom}});
    tower.push_back({{"op", "move"}, {"from", "/new"}, {"path", "/old"}});
  }
  tower.push_back({{"op", "remove"}, {"path", "/old"}});
  EXPECT_EQ(ApplyJsonPatch({{"old", 1}}, tower).error().code, Code::kBadRequest);
}

}  // namespace
}  // namespace slipway::objects
