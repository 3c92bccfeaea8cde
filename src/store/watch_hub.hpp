#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/store/listener.hpp"
#include "src/store/log_reader.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// Keeps the newest events in memory, once, for all watches together, and wakes the watches. A
/// watch is a position: while the events after it are in memory it is served from there, otherwise
/// from the history on disk. Any thread; Publish by one at a time.
class WatchHub {
 public:
  struct Limits {
    std::size_t events = 4096;
    std::size_t bytes = 8 * 1024 * 1024;  ///< of values
  };

  /// Reads the committed history in (after, upto] of a prefix; kExpired where it was compacted.
  using ReadHistory = std::function<Result<History>(const std::string& prefix, Revision after,
                                                    Revision upto, std::size_t limit)>;

  WatchHub(Limits limits, Revision current, ReadHistory read_history);

  /// Every change up to here has been published: it is committed, and watches may be told.
  Revision current() const;

  /// Says what a transaction changed, in order. Calls `ready` of the watches that wait for it.
  void Publish(const std::vector<std::shared_ptr<const Event>>& events);

  /// `after` must not be beyond current(). The hub must outlive the watch.
  std::unique_ptr<Watch> Start(std::string prefix, Revision after, std::function<void()> ready);

 private:
  /// The watches of one prefix, and the events in memory that they want.
  struct Group {
    std::deque<std::shared_ptr<const Event>> recent;  ///< every one after `complete_after`
    Revision complete_after = 0;
    std::vector<std::shared_ptr<Listener>> listeners;
  };
  class Position;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  void Remember(const std::shared_ptr<const Event>& event);
  void ForgetOldest();
  template <typename Visitor>
  void ForEachGroup(std::string_view key, Visitor visit);
  void Leave(const std::shared_ptr<Listener>& listener);

  /// A batch out of memory; nullopt: the events after `position` are no longer there.
  std::optional<Watch::Batch> TakeRecent(Listener& listener, Revision position, std::size_t limit);

  const Limits limits_;
  const ReadHistory read_history_;
  mutable std::mutex mutex_;
  Revision current_;
  std::deque<std::shared_ptr<const Event>> recent_;  ///< all that any group remembers
  std::size_t recent_bytes_ = 0;
  std::unordered_map<std::string, Group, Hash, std::equal_to<>> groups_;  ///< by prefix
  std::map<std::size_t, std::size_t> prefix_lengths_;                     ///< length -> groups
};

}  // namespace slipway::store
