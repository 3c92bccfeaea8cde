#pragma once

#include <deque>

#include "reconciler/base/time.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// Knows which revision was the newest a given time ago, so that compaction keeps a window of
/// history. Bounded memory. Downtime does not count: after a start a whole window is kept again.
class HistoryWindow {
 public:
  /// Keeps at least `keep` of history, and an eighth more at most.
  explicit HistoryWindow(Duration keep) : keep_(keep) {}

  /// Says what is the newest revision now. Times and revisions must not go back.
  void Observe(MonoTime now, Revision current);

  /// The newest revision that may be compacted; 0: none.
  Revision Target(MonoTime now);

 private:
  struct Sample {
    MonoTime time;
    Revision revision;
  };
  Duration keep_;
  std::deque<Sample> samples_;
  Revision target_ = 0;
};

}  // namespace slipway::store
