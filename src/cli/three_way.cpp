#include "src/cli/three_way.hpp"

#include <nlohmann/json.hpp>

namespace slipway::cli {

using nlohmann::json;

json ThreeWayMergePatch(const json& last, const json& live, const json& desired) {
  json patch = json::object();
  for (const auto& [key, wanted] : desired.items()) {
    const auto now = live.find(key);
    if (now == live.end()) {
      patch[key] = wanted;
    } else if (wanted.is_object() && now->is_object()) {
      const auto before = last.is_object() ? last.find(key) : last.end();
      json nested = ThreeWayMergePatch(last.is_object() && before != last.end() ? *before : json(),
                                       *now, wanted);
      if (!nested.empty()) {
        patch[key] = std::move(nested);
      }
    } else if (*now != wanted) {
      patch[key] = wanted;
    }
  }
  if (last.is_object()) {
    for (const auto& [key, unused] : last.items()) {
      if (!desired.contains(key) && live.contains(key)) {
        patch[key] = nullptr;
      }
    }
  }
  return patch;
}

}  // namespace slipway::cli
