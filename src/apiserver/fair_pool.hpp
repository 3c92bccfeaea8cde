#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace boost::asio {
class thread_pool;
}  // namespace boost::asio

namespace slipway::apiserver {

/// Threads for what takes long. Users take turns: who has much to be done waits for it, and keeps no other one waiting for more than
/// what is being done. Thread-safe.
class FairPool {
 public:
  explicit FairPool(std::size_t threads);
  ~FairPool();  ///< waits for what is being done; what waits is dropped
  FairPool(const FairPool&) = delete;
  FairPool& operator=(const FairPool&) = delete;

  /// Does `work`, which throws nothing, on a thread of the pool, for `user`.
  void Run(const std::string& user, std::function<void()> work);

 private:
  using Work = std::function<void()>;

  void Start(Work work);
  void Finished();

  std::mutex mutex_;
  std::size_t free_;
  std::map<std::string, std::deque<Work>> waiting_;
  std::deque<std::string> turns_;  ///< the users of `waiting_`, whose turn is next first
  std::unique_ptr<boost::asio::thread_pool> threads_;
};

}  // namespace slipway::apiserver
