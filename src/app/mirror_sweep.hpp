#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "src/git/content.hpp"
#include "src/git/mirror.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::app {

/// Deletes the mirrors of GitRepositories that are gone, and what was packed from them: at the start those that went while nobody
/// looked, later each as its object goes. Used on the home thread.
class MirrorSweep final : public kube::ObjectSink {
 public:
  using RunOnPool = std::function<void(std::function<void()>)>;

  /// All outlive it, and the pool, whose work may wait for a poll, is drained before they go.
  MirrorSweep(kube::ObjectClient& client, git::MirrorSet& mirrors, git::PackCache& packs,
              RunOnPool pool)
      : client_(client), mirrors_(mirrors), packs_(packs), pool_(std::move(pool)) {}

  void Start();

  /// Deletes nothing more but what it has begun with.
  void Stop() { watching_.reset(); }

  void Replaced(const std::vector<kube::ObjectText>& objects, const std::string& version) override;
  void Expired() override {}
  void Changed(const kube::ObjectText& object) override;
  void Deleted(const kube::ObjectText& last) override;

 private:
  void Remove(const std::string& id);

  kube::ObjectClient& client_;
  git::MirrorSet& mirrors_;
  git::PackCache& packs_;
  RunOnPool pool_;
  /// Ids of mirrors that were on the disk, or whose objects were there, at some moment before now. What is missing in a later list
  /// of all objects is gone for good, since its uid is in the id.
  std::set<std::string> known_;
  std::unique_ptr<kube::ObjectClient::Watching> watching_;
};

}  // namespace slipway::app
