#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

namespace slipway::apiserver {

/// Lets work on the same key happen one after the other, in the order of arrival; different keys do
/// not wait for each other. One thread.
class KeyQueue {
 public:
  /// Runs `task` now when nothing else holds `key`, otherwise when it is its turn. Whoever runs
  /// holds the key until Leave.
  void Enter(const std::string& key, std::function<void()> task);

  /// Gives the key to the next in line, and runs it.
  void Leave(const std::string& key);

  /// Tasks that run or wait.
  std::size_t size() const { return size_; }

 private:
  std::unordered_map<std::string, std::deque<std::function<void()>>> waiting_;
  std::size_t size_ = 0;
};

}  // namespace slipway::apiserver
