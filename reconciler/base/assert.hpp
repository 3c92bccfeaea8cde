#pragma once

#include <stdexcept>
#include <string>

namespace slipway {

/// What a failed assertion throws inside a planner or a codec (see GuardedScope). The engine
/// catches it and quarantines the key that was being planned.
class AssertionFailed : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// While one of these lives on a thread, a failed assertion on that thread throws AssertionFailed;
/// without one it prints where it failed to standard error and aborts. Scopes nest.
class GuardedScope {
 public:
  GuardedScope();
  ~GuardedScope();
  GuardedScope(const GuardedScope&) = delete;
  GuardedScope& operator=(const GuardedScope&) = delete;
};

/// Throws or aborts, as GuardedScope says. Use the macros below.
[[noreturn]] void AssertFail(const char* file, int line, const char* condition,
                             const std::string& message);

}  // namespace slipway

/// Checks an invariant of our own code, in release builds too. Never for input: that gets an Error.
#define SLIPWAY_ASSERT(condition, message)                            \
  do {                                                                \
    if (!(condition)) {                                               \
      ::slipway::AssertFail(__FILE__, __LINE__, #condition, message); \
    }                                                                 \
  } while (false)

#define SLIPWAY_UNREACHABLE(message) \
  ::slipway::AssertFail(__FILE__, __LINE__, "unreachable", message)
