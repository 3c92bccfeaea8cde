#include "src/app/mirror_sweep.hpp"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/gitrepository.hpp"
#include "src/git/mirror_id.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::app {
namespace {

/// Metadata alone: the rest may be of another version of us.
std::string IdOf(const kube::ObjectText& object) {
  auto parts =
      objects::ReadParts(*object, {"/metadata/namespace", "/metadata/name", "/metadata/uid"});
  const auto metadata = parts.value().at("metadata");
  return git::MirrorIdOf(metadata.value("namespace", ""), metadata.value("name", ""),
                         Uid(metadata.value("uid", "")));
}

}  // namespace

void MirrorSweep::Start() {
  // Before the first list of objects: a mirror that is made after it would look like one that nobody owns.
  const auto on_disk = mirrors_.List();
  if (on_disk.has_value()) {
    known_.insert(on_disk.value().begin(), on_disk.value().end());
  } else {
    spdlog::warn("mirrors: those without a repository stay: {}", on_disk.error().message);
  }
  watching_ = client_.Watch(std::string(api::GitRepository::kApiVersion),
                            std::string(api::GitRepository::kPlural), *this);
}

void MirrorSweep::Replaced(const std::vector<kube::ObjectText>& objects, const std::string&) {
  std::set<std::string> live;
  for (const kube::ObjectText& object : objects) {
    live.insert(IdOf(object));
  }
  const std::set<std::string> before = std::exchange(known_, live);
  for (const std::string& id : before) {
    if (!live.contains(id)) {
      Remove(id);
    }
  }
}

void MirrorSweep::Changed(const kube::ObjectText& object) { known_.insert(IdOf(object)); }

void MirrorSweep::Deleted(const kube::ObjectText& last) {
  const std::string id = IdOf(last);
  known_.erase(id);
  Remove(id);
}

void MirrorSweep::Remove(const std::string& id) {
  pool_([this, id] {
    const auto removed = mirrors_.Remove(id);
    packs_.Forget(id);
    if (!removed.has_value()) {
      spdlog::warn("mirrors: {}; the next start tries again", removed.error().message);
    }
  });
}

}  // namespace slipway::app
