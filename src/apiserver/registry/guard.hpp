#pragma once

#include <exception>
#include <string>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/result.hpp"

namespace slipway::apiserver {

/// Runs what gives a Result. Objects of clients meet much code; a fault of ours in it costs one
/// request (kInternal), not the server.
template <typename Function>
auto Guarded(const Function& function) -> decltype(function()) {
  const GuardedScope scope;
  try {
    return function();
  } catch (const std::exception& error) {
    return Fail(Code::kInternal, std::string("this is a fault of the server: ") + error.what());
  }
}

}  // namespace slipway::apiserver
