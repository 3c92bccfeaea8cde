#pragma once

#include <string>

namespace slipway::agent {

/// One line to standard error: time (UTC), level, text. Thread-safe. Never a secret.
void LogInfo(const std::string& text);
void LogWarning(const std::string& text);

}  // namespace slipway::agent
