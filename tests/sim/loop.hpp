#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <vector>

#include "reconciler/base/clock.hpp"

namespace slipway::sim {

/// Virtual time: runs events in the order of their time, and in the order in which they were added
/// where that is equal. Nothing here looks at the machine's clock.
class Loop final : public Clock {
 public:
  using Event = std::function<void()>;

  /// 2026-01-01T00:00:00Z, plus what has passed, plus jumps.
  Time Now() const override;
  MonoTime Mono() const override { return now_; }

  void At(MonoTime when, Event event);
  void After(Duration delay, Event event) { At(now_ + delay, std::move(event)); }

  /// Runs the next event; false where there is none at or before `until` (then it is `until`).
  bool Step(MonoTime until);

  /// The wall clock jumps, in either direction.
  void JumpWall(Duration by) { jumped_ += by; }

  std::uint64_t events() const { return sequence_; }

 private:
  struct Entry {
    MonoTime when;
    std::uint64_t sequence;
    Event event;
  };
  struct Later {
    bool operator()(const Entry& left, const Entry& right) const {
      return std::tie(left.when, left.sequence) > std::tie(right.when, right.sequence);
    }
  };

  MonoTime now_;
  Duration jumped_{0};
  std::uint64_t sequence_ = 0;
  std::vector<Entry> heap_;
};

/// One life of a process: what is addressed to it runs only while it lives, and only when it is not
/// frozen. A frozen process gets everything, in order, when it wakes.
class Process {
 public:
  explicit Process(Loop& loop) : loop_(loop) {}

  /// Runs `event` in this process after `delay`, if it still lives then.
  void After(Duration delay, Loop::Event event);

  void Freeze(Duration length);

  /// Nothing runs in it any more.
  void Kill() { self_.reset(); }
  bool alive() const { return self_ != nullptr; }
  bool frozen() const { return loop_.Mono() < frozen_until_; }

  Loop& loop() { return loop_; }

 private:
  void Run(const Loop::Event& event);

  Loop& loop_;
  MonoTime frozen_until_;
  std::vector<Loop::Event> waiting_;
  std::shared_ptr<Process*> self_ = std::make_shared<Process*>(this);
};

}  // namespace slipway::sim
