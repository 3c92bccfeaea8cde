#pragma once

#include <map>
#include <optional>
#include <vector>

#include "reconciler/base/time.hpp"
#include "src/garbage/owner_graph.hpp"

namespace slipway::garbage {

/// What became of the writes of objects' verdicts. However many of an object's writes fail, it is one failure of this object.
class Outcomes {
 public:
  /// nullptr, or kNotFound: it is as it should be.
  void Add(const Place& of, const Error* error);

  /// The worst of each object; a conflict is a mild one. nullopt: all is as it should be.
  const std::map<Place, std::optional<Error>>& all() const { return all_; }

 private:
  std::map<Place, std::optional<Error>> all_;
};

/// What is to be looked at: now, or some time after a failure, and after each more of them later. Pure. One thread.
class Backlog {
 public:
  /// `first_pause`: after the first failure; then twice as long, up to five minutes.
  explicit Backlog(Duration first_pause = std::chrono::seconds(1)) : first_pause_(first_pause) {}

  /// To be looked at now, whatever has failed before.
  void Add(OwnerGraph::Places places) { queue_.merge(places); }

  /// Takes `most` of what is to be looked at now, in order. Each is noted before the next is taken.
  std::vector<Place> Take(MonoTime now, std::size_t most);

  /// What became of one that was taken; nullptr, or it is gone (kNotFound): nothing is left to do. What changed meanwhile
  /// (kConflict) is to be looked at once more, as it is then; what failed has to wait.
  void Note(const Place& place, const Error* error, MonoTime now);

  /// When there is something to take: in the past where there is already. nullopt: not before something is added.
  std::optional<MonoTime> NextDue() const;

 private:
  struct Failure {
    std::optional<MonoTime> next;  ///< nullopt: it is being tried
    Duration pause;
  };

  Duration first_pause_;
  OwnerGraph::Places queue_;
  std::map<Place, Failure> failures_;
};

}  // namespace slipway::garbage
