#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/apiserver/registry/key_queue.hpp"
#include "src/apiserver/registry/registry.hpp"

namespace slipway::apiserver {

/// What became of a write.
struct Outcome {
  Object object;         ///< as it is now, or as it was last
  bool removed = false;  ///< it is gone
  bool created = false;  ///< it was not there before
  std::vector<std::string> warnings{};
  std::string uid{};
};

/// The writing half of the registry: reads what is there, works out what is wanted, commits it, and
/// does so again when somebody else was faster. Used on the home thread, by a shared_ptr: what is
/// under way keeps it alive. Errors as Registry says.
class ObjectWriter : public std::enable_shared_from_this<ObjectWriter> {
 public:
  /// Writes that may be under way; one more is told kTooManyRequests.
  static constexpr std::size_t kMaxPending = 16'384;

  using Done = std::function<void(Result<Outcome>)>;

  /// Makes `wanted` from the tree that is stored, and says what the write does.
  using Change = std::function<Result<objects::WriteEffect>(const nlohmann::json& stored,
                                                            nlohmann::json& wanted)>;

  /// Makes an object where none is stored, and fills in the request that it is to be created with.
  using Creation = std::function<Result<nlohmann::json>(objects::WriteRequest& request)>;

  ObjectWriter(store::Store& store, const Clock& clock, Post post, std::uint64_t seed)
      : store_(store), clock_(clock), post_(std::move(post)), rng_(seed) {}

  void CreateObject(ObjectPath path, const std::string& json, WriteOptions options, Done done);
  void ChangeObject(ObjectPath path, bool dry_run, Change change, Done done);
  /// ChangeObject where there is one, otherwise creates what `creation` makes.
  void ChangeOrCreateObject(ObjectPath path, bool dry_run, Change change, Creation creation,
                            Done done);
  void DeleteObject(ObjectPath path, objects::DeleteRequest request, bool dry_run, Done done);

 private:
  /// What is to be written, or that nothing is.
  struct Intention;
  struct Job;
  using Attempt = std::function<Result<Intention>()>;

  /// `look_first`: whether there is one already is to be known now, not only when it is written.
  Result<Intention> PlanCreate(ObjectPath path, nlohmann::json tree,
                               const objects::WriteRequest& request, bool look_first);
  Result<Intention> PlanChange(const ObjectPath& path, const Change& change);

  /// kNotFound or kForbidden where nothing can be created in the namespace of `wanted`.
  Result<void> CheckNamespace(const ObjectPath& wanted) const;

  void Run(std::string key, bool dry_run, Attempt attempt, Done done);
  void Try(const std::shared_ptr<Job>& job);
  void Commit(const std::shared_ptr<Job>& job, Intention intention);
  void Finish(const std::shared_ptr<Job>& job, Result<Outcome> outcome);

  store::Store& store_;
  const Clock& clock_;
  Post post_;
  Rng rng_;
  KeyQueue queue_;

  /// Keys of namespaces whose mark of deletion is on its way into the store. Creates that come
  /// later are refused already, so all that were let in are in the store once the mark is.
  std::multiset<std::string> closing_;
};

}  // namespace slipway::apiserver
