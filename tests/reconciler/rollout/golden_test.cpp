#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/api/scalars.hpp"
#include "reconciler/application/adapter.hpp"
#include "reconciler/base/json.hpp"
#include "reconciler/rollout/adapter.hpp"

// golden/<case>/given.yaml holds objects as they are stored, and which of them is planned; want.yaml what the plan must be:
// the fields of its status that are named there, and all of its actions. Commits, trees and hashes are written as one digit.
namespace slipway::rollout {
namespace {

using nlohmann::json;
using runtime::Kind;

json ToJson(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      json object = json::object();
      for (const auto& field : node) {
        object[field.first.as<std::string>()] = ToJson(field.second);
      }
      return object;
    }
    case YAML::NodeType::Sequence: {
      json list = json::array();
      for (const YAML::Node& item : node) {
        list.push_back(ToJson(item));
      }
      return list;
    }
    case YAML::NodeType::Scalar: {
      const json value = ReadJson(node.Scalar());
      const bool text = node.Tag() == "!" || value.is_discarded() || value.is_string();
      return text ? json(node.Scalar()) : value;
    }
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      return nullptr;
  }
  return nullptr;
}

/// Makes whole ids of single digits.
void Expand(json& value) {
  if (value.is_object()) {
    for (auto& [key, item] : value.items()) {
      const std::size_t digits = key == "hash" ? 64 : key == "commit" || key == "tree" ? 40 : 0;
      if (digits > 0 && item.is_string()) {
        item = std::string(digits, item.get<std::string>().at(0));
      } else {
        Expand(item);
      }
    }
  } else if (value.is_array()) {
    for (json& item : value) {
      Expand(item);
    }
  }
}

/// Whether `actual` has everything that `wanted` has.
bool Holds(const json& actual, const json& wanted) {
  if (wanted.is_object() && actual.is_object()) {
    for (const auto& [key, value] : wanted.items()) {
      if (!actual.contains(key) ? !value.is_null() : !Holds(actual[key], value)) {
        return false;
      }
    }
    return true;
  }
  if (wanted.is_array() && actual.is_array() && wanted.size() == actual.size()) {
    for (std::size_t index = 0; index < wanted.size(); ++index) {
      if (!Holds(actual[index], wanted[index])) {
        return false;
      }
    }
    return true;
  }
  return actual == wanted;
}

std::string LineOf(const runtime::Action& action) {
  if (const auto* patch = std::get_if<runtime::Patch>(&action)) {
    json intent = ReadJson(patch->operations).at(0)["value"];
    intent = intent.is_array() ? intent[0] : intent;
    return patch->key.name + " gets " + intent["rollout"].get<std::string>() + " wave " +
           intent["wave"].dump() + " attempt " + intent["attempt"].dump() +
           (intent.contains("from") ? " from " + intent["from"].get<std::string>() : "");
  }
  if (const auto* create = std::get_if<runtime::Create>(&action)) {
    return "create " + ToString(create->key);
  }
  if (const auto* removal = std::get_if<runtime::Delete>(&action)) {
    return "delete " + ToString(removal->key);
  }
  return "ask " + std::get<runtime::Ask>(action).slot;
}

struct Given {
  std::map<Kind, std::vector<runtime::Bytes>> objects;
  runtime::Key planned;
  Duration elapsed{0};
};

Given Read(const std::filesystem::path& file) {
  const json document = ToJson(YAML::LoadFile(file.string()));
  Given given;
  for (json object : document["objects"]) {
    Expand(object);
    const std::string name = object["metadata"]["name"];
    object["metadata"]["namespace"] = "default";
    object["metadata"]["uid"] = "uid-" + name;
    object["metadata"]["resourceVersion"] = "1";
    object["metadata"]["generation"] = 1;
    const Kind kind = runtime::KindNamed(object["kind"].get<std::string>()).value();
    if (kind == Kind::kRollout) {
      object["metadata"]["ownerReferences"] = {{{"apiVersion", "slipway.dev/v1alpha1"},
                                                {"kind", "Application"},
                                                {"name", "shop"},
                                                {"uid", "uid-shop"},
                                                {"controller", true}}};
    }
    given.objects[kind].push_back(std::make_shared<std::string>(object.dump()));
  }
  const json& plan = document["plan"];
  given.planned = {runtime::KindNamed(plan["kind"].get<std::string>()).value(), "default",
                   plan["name"].get<std::string>()};
  given.elapsed = api::ParseDuration(plan.value("elapsed", "0s")).value();
  return given;
}

runtime::Plan PlanOf(const Given& given) {
  const auto rollouts = MakeRolloutPlanner({});
  const auto applications = application::MakeApplicationPlanner({});
  runtime::CacheSchema schema;
  rollouts->Register(schema);
  applications->Register(schema);
  runtime::Cache cache(schema);
  for (const Kind kind : runtime::kAllKinds) {
    const auto objects = given.objects.find(kind);
    cache.Replace(
        kind, objects == given.objects.end() ? std::vector<runtime::Bytes>{} : objects->second, 1);
  }
  const runtime::Object* object = cache.Find(given.planned);
  EXPECT_NE(object, nullptr);
  EXPECT_EQ(object->problem, "");
  const runtime::OutsideStates none;
  const auto& planner = given.planned.kind == Kind::kRollout ? rollouts : applications;
  return planner->MakePlan({.object = *object,
                            .cache = cache,
                            .now = Time{},
                            .elapsed = given.elapsed,
                            .up = std::chrono::hours(9),
                            .outside = none});
}

TEST(Golden, EveryCase) {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SLIPWAY_GOLDEN)) {
    SCOPED_TRACE(entry.path().filename().string());
    const runtime::Plan plan = PlanOf(Read(entry.path() / "given.yaml"));
    json want = ToJson(YAML::LoadFile((entry.path() / "want.yaml").string()));
    Expand(want);
    const json status = plan.status ? ReadJson(*plan.status) : json::object();
    EXPECT_TRUE(Holds(status, want.value("status", json::object())))
        << status.dump(1) << "\nis not\n"
        << want["status"].dump(1);
    EXPECT_EQ(plan.status.has_value(), want.contains("status")) << status.dump(1);
    std::vector<std::string> actions;
    for (const runtime::Action& action : plan.actions) {
      actions.push_back(LineOf(action));
    }
    EXPECT_EQ(actions, want.value("actions", std::vector<std::string>{}));
    ++cases;
  }
  EXPECT_GE(cases, 6);
}

}  // namespace
}  // namespace slipway::rollout
