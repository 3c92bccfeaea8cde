#pragma once

#include "src/garbage/collector.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "src/store/faulty_store.hpp"
#include "tests/src/apiserver/home.hpp"

namespace slipway::garbage {

/// A store with faults, of which a test may also see the writes, and come between.
class WatchedStore final : public store::FaultyStore {
 public:
  using FaultyStore::FaultyStore;
  void Commit(store::Write write, store::CommitDone done) override;

  /// What was asked for, such as `delete child`; of updates and deletions.
  std::vector<std::string> asked;
  /// Runs once, right before the write of this name in `asked` is made.
  std::string before;
  std::function<void()> meddle;
};

/// A collector over a store with faults, and others who write to the same store without any. Objects are ConfigMaps of the
/// namespace `default` where nothing else is said.
class CollectorWorld {
 public:
  using Owners = std::vector<nlohmann::json>;  ///< entries of ownerReferences

  /// The collector does not run yet.
  explicit CollectorWorld(std::uint64_t seed = 1,
                          Duration first_pause = std::chrono::milliseconds(20));
  ~CollectorWorld();  ///< stops it without faults
  CollectorWorld(const CollectorWorld&) = delete;
  CollectorWorld& operator=(const CollectorWorld&) = delete;

  void Start() { collector->Start(); }

  // What others do, at once.
  void Make(const std::string& name, const Owners& owners = {}, const std::string& ns = "default");
  void Delete(const std::string& name, objects::DeleteRequest::Propagation policy =
                                           objects::DeleteRequest::Propagation::kBackground);
  void SetOwners(const std::string& name, const Owners& owners);
  void Label(const std::string& name);

  /// An entry of ownerReferences.
  nlohmann::json Owner(const std::string& name, bool blocks = false) const;
  nlohmann::json Get(const std::string& name) const;
  /// All ConfigMaps, in order.
  std::vector<nlohmann::json> All() const;
  std::vector<std::string> Names() const;

  /// Runs `most` of what is ready.
  void Run(std::size_t most);
  /// Runs until nothing is left but to wait.
  void Settle();
  /// Runs until this holds; a minute is too long.
  void RunUntil(const std::function<bool()>& holds);

  apiserver::Home others;
  boost::asio::io_context io;
  WatchedStore store;
  apiserver::Registry registry;
  std::vector<std::string> troubles;
  std::vector<std::chrono::steady_clock::time_point> when;  ///< of each trouble
  std::unique_ptr<Collector> collector;

 private:
  void PatchMetadata(const std::string& name, const nlohmann::json& metadata);
};

}  // namespace slipway::garbage
