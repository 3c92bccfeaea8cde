#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace slipway::cloud {

/// What is made when it is asked for first, and kept for whoever asks for the same again. Where there would be more than `most`, those
/// that nobody holds at this moment are let go. Thread-safe.
template <typename T>
class Pool {
 public:
  explicit Pool(std::size_t most) : most_(most) {}

  /// `make` gives a std::shared_ptr<T>, and is called while others wait.
  template <typename Make>
  std::shared_ptr<T> Get(const std::string& key, const Make& make) {
    const std::lock_guard lock(mutex_);
    if (const auto known = kept_.find(key); known != kept_.end()) {
      return known->second;
    }
    if (kept_.size() >= most_) {
      std::erase_if(kept_, [](const auto& entry) { return entry.second.use_count() == 1; });
    }
    return kept_[key] = make();
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<T>> kept_;
};

inline constexpr std::size_t kMostIdentities =
    100;  ///< of one provider, that are kept for the next list
inline constexpr std::size_t kMostPlaces = 200;  ///< of one identity

}  // namespace slipway::cloud
