#include "reconciler/runtime/documents.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/codec.hpp"
#include "reconciler/api/scalars.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"

namespace slipway::runtime::documents {
namespace {

using Json = nlohmann::json;

constexpr const char* kStalled = "Stalled";
constexpr const char* kReady = "Ready";

Json Parsed(const std::string& text) {
  Json json = ReadJson(text);
  SLIPWAY_ASSERT(!json.is_discarded(), "no JSON: " + text.substr(0, 200));
  return json;
}

/// What is no object counts as none: nobody but a person with a text editor writes it.
Json StatusOf(const std::string& object) {
  const Json json = Parsed(object);
  const auto status = json.find("status");
  return status != json.end() && status->is_object() ? *status : Json::object();
}

/// A field of a condition; empty where the condition is none, or the field no text.
std::string TextOf(const Json& condition, const char* field) {
  const auto found = condition.find(field);
  return found != condition.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Whether `actual` has everything that `wanted` has; it may have more fields (defaults).
bool Holds(const Json& actual, const Json& wanted) {
  if (wanted.is_object() && actual.is_object()) {
    return std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& field) {
      const auto found = actual.find(field.key());
      return found != actual.end() ? Holds(*found, field.value()) : field.value().empty();
    });
  }
  if (wanted.is_array() && actual.is_array()) {
    return std::equal(actual.begin(), actual.end(), wanted.begin(), wanted.end(), Holds);
  }
  return actual == wanted;
}

/// Whether it is Ready, or was until it was said here that it is not.
bool IsReady(const Json& conditions) {
  return std::any_of(conditions.begin(), conditions.end(), [](const Json& condition) {
    return TextOf(condition, "type") == kReady &&
           (TextOf(condition, "status") == "True" || TextOf(condition, "reason") == kPlannerFailed);
  });
}

/// Puts a condition in the place of that of its type, or behind the others; it keeps the time of its transition where it is none. False:
/// it was there already.
bool Put(Json& conditions, Json wanted) {
  for (Json& condition : conditions) {
    if (TextOf(condition, "type") != TextOf(wanted, "type")) {
      continue;
    }
    const std::string since = TextOf(condition, "lastTransitionTime");
    if (TextOf(condition, "status") == TextOf(wanted, "status") && !since.empty()) {
      wanted["lastTransitionTime"] = since;
    }
    const bool changes = condition != wanted;
    condition = std::move(wanted);
    return changes;
  }
  conditions.push_back(std::move(wanted));
  return true;
}

std::string ControllerOf(const Json& object) {
  for (const Json& owner : object.value("/metadata/ownerReferences"_json_pointer, Json::array())) {
    if (owner.value("controller", false)) {
      return owner.value("uid", "");
    }
  }
  return "";
}

}  // namespace

bool StatusIs(const std::string& object, const std::string& status) {
  return StatusOf(object) == Parsed(status);
}

bool IsWhatWasCreated(const std::string& existing, const std::string& wanted) {
  const Json actual = Parsed(existing);
  const Json intended = Parsed(wanted);
  const bool leaving = actual.contains("/metadata/deletionTimestamp"_json_pointer);
  return !leaving && ControllerOf(actual) == ControllerOf(intended) &&
         Holds(actual.value("spec", Json::object()), intended.value("spec", Json::object()));
}

std::string Guarded(const std::string& operations, const Uid& uid,
                    std::optional<std::int64_t> generation) {
  Json patch = Json::array();
  patch.push_back({{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid.value}});
  if (generation.has_value()) {
    patch.push_back({{"op", "test"}, {"path", "/metadata/generation"}, {"value", *generation}});
  }
  Json wanted = Parsed(operations);
  SLIPWAY_ASSERT(wanted.is_array(), "a patch is a list of operations");
  std::move(wanted.begin(), wanted.end(), std::back_inserter(patch));
  return PrintJson(patch);
}

/// Absence cannot be tested: where there are none, the whole object must be as it was.
std::string ReplaceFinalizers(const std::string& object, const std::vector<std::string>& wanted) {
  const Json metadata = Parsed(object).at("metadata");
  const std::string tested = metadata.contains("finalizers") ? "finalizers" : "resourceVersion";
  Json patch = Json::array();
  patch.push_back(
      {{"op", "test"}, {"path", "/metadata/" + tested}, {"value", metadata.at(tested)}});
  patch.push_back({{"op", "add"}, {"path", "/metadata/finalizers"}, {"value", wanted}});
  return PrintJson(patch);
}

std::optional<std::string> WithPlannerFailed(const std::string& object, const std::string& message,
                                             std::int64_t generation, Time now) {
  Json status = StatusOf(object);
  Json& conditions = status["conditions"];
  if (!conditions.is_array()) {
    conditions = Json::array();
  }
  conditions.erase(std::remove_if(conditions.begin(), conditions.end(),
                                  [](const Json& condition) { return !condition.is_object(); }),
                   conditions.end());
  // As it will be read back, or it would differ from what is stored for ever.
  const Json readable = ReadJson(PrintJson(message));
  const auto failed = [&](const char* type, const char* value) {
    return Json{{"type", type},
                {"status", value},
                {"reason", kPlannerFailed},
                {"message", readable},
                {"observedGeneration", generation},
                {"lastTransitionTime", api::FormatTime(now)}};
  };
  bool changed = Put(conditions, failed(kStalled, "True"));
  if (IsReady(conditions)) {
    changed = Put(conditions, failed(kReady, "False")) || changed;
  }
  return changed ? std::optional(PrintJson(status)) : std::nullopt;
}

bool MentionsPlannerFailed(const std::string& object) {
  return object.find(kPlannerFailed) != std::string::npos;
}

std::optional<std::string> WithoutPlannerFailed(const std::string& object,
                                                const std::optional<std::string>& status) {
  Json wanted = status.has_value() ? Parsed(*status) : StatusOf(object);
  const auto conditions = wanted.find("conditions");
  bool removed = false;
  if (conditions != wanted.end() && conditions->is_array()) {
    for (auto condition = conditions->begin(); condition != conditions->end();) {
      const std::string type = TextOf(*condition, "type");
      const bool ours =
          (type == kStalled || type == kReady) && TextOf(*condition, "reason") == kPlannerFailed;
      removed = removed || ours;
      condition = ours ? conditions->erase(condition) : std::next(condition);
    }
  }
  if (!removed && !status.has_value()) {
    return std::nullopt;
  }
  return PrintJson(wanted);
}

}  // namespace slipway::runtime::documents
