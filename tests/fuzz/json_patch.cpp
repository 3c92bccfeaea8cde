#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "reconciler/base/json.hpp"
#include "src/apiserver/answer/answer_form.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/patch.hpp"
#include "tests/fuzz/target.hpp"

namespace slipway::fuzz {
namespace {

std::size_t Depth(const nlohmann::json& tree) {
  std::size_t deepest = 0;
  if (tree.is_structured()) {
    for (const auto& child : tree) {
      deepest = std::max(deepest, Depth(child));
    }
  }
  return tree.is_structured() ? deepest + 1 : 0;
}

}  // namespace

// The first line is an object, the second a patch: all of it is applied, or there is an error.
void TryBytes(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const auto object = objects::ParseJson(bytes.substr(0, end));
  const auto patch = objects::ParseJson(bytes.substr(std::min(end + 1, bytes.size())));
  if (!object.has_value()) {
    return;
  }
  const auto lines = objects::ParseJson(apiserver::WithLines(PrintJson(object.value())));
  Demand(lines.has_value() && lines.value() == object.value(), "lines change nothing");
  if (!patch.has_value() || !object.value().is_object()) {
    return;
  }
  const auto patched = objects::ApplyJsonPatch(object.value(), patch.value());
  Demand(!patched.has_value() || Depth(patched.value()) <= objects::kMaxDepth,
         "what was patched is no deeper than allowed");
  const auto merged = objects::ApplyMergePatch(object.value(), patch.value());
  if (merged.has_value()) {
    const auto again = objects::ApplyMergePatch(merged.value(), patch.value());
    Demand(again.has_value() && again.value() == merged.value(),
           "a merge patch that was applied changes nothing more");
  }
}

}  // namespace slipway::fuzz
