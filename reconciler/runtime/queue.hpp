#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "reconciler/base/rng.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/runtime/kinds.hpp"

namespace slipway::runtime {

/// How long a key waits after failures in a row: a random time up to base * 2^(failures-1), at most
/// `max` (full jitter).
struct BackoffOptions {
  Duration base{500};
  Duration max{300'000};
};

/// How long to wait after so many failures in a row (positive); at least a millisecond.
Duration JitteredBackoff(const BackoffOptions& options, int failures, Rng& rng);

/// What is to be planned. The contract of client-go's work queue, in its three collections: `dirty`
/// needs work, `processing` is being worked on, the lanes hold the order. A key is never given out
/// twice at once; one that is added while it is worked on comes again after Done(). Fair: kinds and
/// namespaces take turns, each first in, first out. Times are on the running clock. One thread.
class WorkQueue {
 public:
  WorkQueue(BackoffOptions backoff, Rng rng);

  /// The key needs work. Cheap and idempotent.
  void Add(const Key& key);

  /// Add() at `at`, unless an earlier time is set already. Keys that are Add()ed before keep their
  /// time.
  void AddAt(const Key& key, MonoTime at);

  /// Drops the time of AddAt().
  void CancelDelay(const Key& key);

  /// AddAt() after a delay that grows with each failure until Forgive().
  /// Returns when that is.
  MonoTime AddAfterFailure(const Key& key, MonoTime now);
  void Forgive(const Key& key);

  /// Adds what is due.
  void Advance(MonoTime now);

  /// The next key; it is being processed until Done(). nullopt: nothing to do.
  std::optional<Key> Take();
  void Done(const Key& key);

  /// Drops everything about a key that no longer exists (but for its Done(), when it is being
  /// processed).
  void Remove(const Key& key);

  bool empty() const { return waiting_ == 0; }
  std::size_t depth() const { return waiting_; }
  std::size_t delayed() const { return due_.size(); }
  int failures(const Key& key) const;

  /// When the first delayed key is due; nullopt: none is.
  std::optional<MonoTime> next_due() const;

 private:
  using Lane = std::pair<Kind, std::string>;

  void Enqueue(const Key& key);

  BackoffOptions backoff_;
  Rng rng_;
  std::set<Key> dirty_;
  std::set<Key> processing_;
  std::map<Lane, std::deque<Key>> lanes_;
  std::list<Lane> turns_;  ///< lanes that hold something, whose turn it is first
  std::size_t waiting_ = 0;
  std::set<std::pair<MonoTime, Key>> timeline_;
  std::map<Key, MonoTime> due_;
  std::map<Key, int> failures_;
};

}  // namespace slipway::runtime
