#pragma once

#include <map>
#include <optional>
#include <string>

namespace slipway::app {

/// What an object says of itself, for those who pass it on.
struct ObjectConditions {
  struct Condition {
    bool holds = false;  ///< its status is True
    std::string reason;
    std::string message;
  };

  std::string ns;
  std::string name;
  std::string uid;
  std::string version;
  std::map<std::string, Condition> by_type;
};

/// Reads them from the text of an object; what is not of the form that it has counts as absent. nullopt where it is no object of the
/// API.
std::optional<ObjectConditions> ConditionsIn(const std::string& object);

}  // namespace slipway::app
