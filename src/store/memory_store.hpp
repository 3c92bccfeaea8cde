#pragma once

#include <memory>
#include <optional>
#include <string>

#include "src/store/store.hpp"

namespace slipway::store {

/// A Store in memory, for tests and simulations: it has no thread, forgets everything at its end,
/// and is written to be obviously right. `done` runs before Commit returns; `ready` runs on the
/// thread whose call made the change. Errors as Store says.
class MemoryStore : public Store {
 public:
  /// `incarnation`: any text; simulations choose it so that they can be replayed.
  explicit MemoryStore(Incarnation incarnation);
  ~MemoryStore() override;

  void Commit(Write write, CommitDone done) override;
  Result<std::optional<Entry>> Get(const std::string& key, Revision at) override;
  Result<Page> List(const ListRequest& request) override;
  Result<std::unique_ptr<Watch>> StartWatch(std::string prefix, Revision after,
                                            std::function<void()> ready) override;
  Result<Revision> CurrentRevision() override;
  Result<void> Compact(Revision upto) override;
  const Incarnation& incarnation() const override { return incarnation_; }

 private:
  struct State;

  Incarnation incarnation_;
  std::shared_ptr<State> state_;
};

}  // namespace slipway::store
