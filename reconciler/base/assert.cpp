#include "reconciler/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace slipway {
namespace {

thread_local int guarded_depth = 0;

}  // namespace

GuardedScope::GuardedScope() { ++guarded_depth; }
GuardedScope::~GuardedScope() { --guarded_depth; }

void AssertFail(const char* file, int line, const char* condition, const std::string& message) {
  const std::string text = std::string(file) + ":" + std::to_string(line) +
                           ": assertion failed: " + condition + ": " + message;
  if (guarded_depth > 0) {
    throw AssertionFailed(text);
  }
  std::fprintf(stderr, "%s\n", text.c_str());
  std::abort();
}

}  // namespace slipway
