#pragma once

#include <exception>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/result.hpp"

namespace slipway {

/// Calls `work`, which gives a Result; kInternal with the reason where it throws or an assertion fails in it. For threads of a
/// pool, where an exception would end the process.
template <typename Work>
auto Guarded(const Work& work) -> decltype(work()) {
  try {
    const GuardedScope guard;
    return work();
  } catch (const std::exception& thrown) {
    return Fail(Code::kInternal, thrown.what());
  }
}

}  // namespace slipway
