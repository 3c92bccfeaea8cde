#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/object.hpp"
#include "src/objects/write_rules.hpp"

namespace slipway::sim {

using runtime::Bytes;
using runtime::Key;
using runtime::Kind;

/// Who writes. The checker holds each to other rules.
enum class Writer : std::uint8_t { kControllers, kGarbage, kGateway, kPerson };

/// One change of the store, as it becomes durable.
struct StoreEvent {
  std::uint64_t version = 0;
  Key key;
  Writer writer = Writer::kPerson;
  Bytes before;  ///< nullptr: created
  Bytes after;   ///< nullptr: removed
  Bytes last;    ///< of a removal: the last state with the version of the removal
};

/// What the API knows of one of the engine's kinds.
const objects::KindInfo& InfoOf(Kind kind);

/// The objects of all kinds in memory, with Kubernetes' semantics: one counter of versions, generation, status as a
/// subresource, JSON and merge patches, preconditions, finalizers. No faults and no time of its own; everything happens at once. Not for other kinds
/// than the engine's.
class FakeApi {
 public:
  explicit FakeApi(const Clock& clock);
  ~FakeApi();

  Result<Bytes> Get(const Key& key) const;
  Result<Bytes> Create(const Key& key, const std::string& json, Writer writer);
  Result<Bytes> Patch(const Key& key, const std::string& patch, Writer writer);
  /// RFC 7396, as people send it.
  Result<Bytes> Merge(const Key& key, const std::string& patch, Writer writer);
  Result<Bytes> WriteStatus(const Key& key, const Uid& uid, const std::string& version,
                            const std::string& status, Writer writer);
  Result<Bytes> Delete(const Key& key, const objects::DeleteRequest& request, Writer writer);

  /// All objects of a kind, in order.
  std::vector<Bytes> List(Kind kind) const;
  std::uint64_t version() const { return version_; }

  /// Every change since the beginning, in order.
  const std::vector<StoreEvent>& history() const { return history_; }

  /// Called for each change, after it.
  std::function<void(const StoreEvent&)> on_event;

 private:
  struct Stored;

  Stored* Find(const Key& key) const;
  Bytes Keep(Stored& stored, Bytes before, const Key& key, Writer writer);
  Result<Bytes> Replace(const Key& key, Stored& stored, nlohmann::json wanted, Writer writer);
  Bytes Remove(const Key& key, Writer writer);

  const Clock& clock_;
  std::map<Key, std::unique_ptr<Stored>> objects_;
  std::uint64_t version_ = 0;
  std::uint64_t uids_ = 0;
  std::vector<StoreEvent> history_;
};

}  // namespace slipway::sim
