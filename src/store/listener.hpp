#pragma once

#include <functional>
#include <mutex>
#include <string>

namespace slipway::store {

/// What a watch and its store share, so that either may go while the other still calls it.
struct Listener {
  std::string prefix;
  std::function<void()> ready;
  bool armed = false;  ///< call `ready` at the next change; guarded by the store's lock

  /// Runs `ready`, unless the watch has ended. Never under the store's lock.
  void Call() {
    const std::lock_guard lock(calling_);
    if (!ended_) ready();
  }

  /// From here on `ready` does not run; waits for one that is running on another thread.
  void End() {
    const std::lock_guard lock(calling_);
    ended_ = true;
  }

 private:
  std::recursive_mutex calling_;
  bool ended_ = false;
};

}  // namespace slipway::store
