#pragma once

#include <string>

// Hints for people: kube-apiserver's words name a pattern, and few read those.
namespace slipway::objects {

/// The message of a cause, and behind it in brackets what would fit, such as "(a duration, such as
/// 90s, 1m30s or 500ms)", where the message names a pattern of the schemas.
std::string WithHint(const std::string& message);

/// Whether there is a hint for this pattern; a test asks it for every pattern in crd/.
bool HasHint(const std::string& pattern);

}  // namespace slipway::objects
