#include "tests/src/garbage/collector_world.hpp"

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/post.hpp>
#include <stdexcept>

#include "reconciler/base/json.hpp"

namespace slipway::garbage {
namespace {

using apiserver::ObjectPath;
using apiserver::PathTo;
using nlohmann::json;
using std::chrono::steady_clock;

template <typename T>
void Demand(const Result<T>& result) {
  if (!result.has_value()) {
    throw std::logic_error(result.error().message);
  }
}

}  // namespace

void WatchedStore::Commit(store::Write write, store::CommitDone done) {
  if (write.kind != store::Write::Kind::kCreate) {
    const std::string name = write.key.substr(write.key.rfind('/') + 1);
    asked.push_back((write.kind == store::Write::Kind::kDelete ? "delete " : "update ") + name);
    if (meddle && asked.back() == before) {
      std::exchange(meddle, nullptr)();
    }
  }
  FaultyStore::Commit(std::move(write), std::move(done));
}

CollectorWorld::CollectorWorld(std::uint64_t seed, Duration first_pause)
    : store(others.store, Rng(seed), {}),
      registry(
          store, others.clock,
          [this](std::function<void()> run) { boost::asio::post(io, std::move(run)); }, seed) {
  registry.Start([](const Result<void>& started) { Demand(started); });
  Settle();
  store.asked.clear();
  Collector::Options options;
  options.first_pause = first_pause;
  options.on_trouble = [this](const std::string& what) {
    troubles.push_back(what);
    when.push_back(steady_clock::now());
  };
  collector = std::make_unique<Collector>(io, registry, std::move(options));
}

CollectorWorld::~CollectorWorld() {
  store.SetFaults({});
  bool stopped = false;
  collector->Stop([&] { stopped = true; });
  RunUntil([&] {
    while (store.Release()) {
    }
    return stopped;
  });
}

void CollectorWorld::Make(const std::string& name, const Owners& owners, const std::string& ns) {
  const json metadata = {{"name", name}, {"ownerReferences", owners}};
  Demand(others.Create(PathTo("configmaps", "", ns), {{"metadata", metadata}}));
}

void CollectorWorld::Delete(const std::string& name, objects::DeleteRequest::Propagation policy) {
  objects::DeleteRequest request;
  request.propagation = policy;
  Demand(others.Delete(PathTo("configmaps", name), request));
}

void CollectorWorld::SetOwners(const std::string& name, const Owners& owners) {
  PatchMetadata(name, {{"ownerReferences", owners}});
}

void CollectorWorld::Label(const std::string& name) {
  PatchMetadata(name, {{"labels", {{"seen", "yes"}}}});
}

void CollectorWorld::PatchMetadata(const std::string& name, const json& metadata) {
  const json patch = {{"metadata", metadata}};
  Demand(others.Patch(PathTo("configmaps", name), apiserver::PatchType::kMerge, patch));
}

json CollectorWorld::Owner(const std::string& name, bool blocks) const {
  json owner = {{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"name", name},
                {"uid", Get(name).at("metadata").at("uid")}};
  if (blocks) {
    owner["blockOwnerDeletion"] = true;
  }
  return owner;
}

json CollectorWorld::Get(const std::string& name) const {
  return others.Get(PathTo("configmaps", name));
}

std::vector<json> CollectorWorld::All() const {
  const ObjectPath everywhere = PathTo("configmaps", "", "");
  const auto list = others.registry.List(everywhere, {});
  Demand(list);
  std::vector<json> all;
  for (const apiserver::Object& object : list.value().items) {
    all.push_back(ReadJson(object.Text()));
  }
  return all;
}

std::vector<std::string> CollectorWorld::Names() const {
  std::vector<std::string> names;
  for (const json& object : All()) {
    names.push_back(object["metadata"]["name"]);
  }
  return names;
}

void CollectorWorld::Run(std::size_t most) {
  io.restart();
  while (most-- != 0 && io.poll_one() != 0) {
  }
}

void CollectorWorld::Settle() {
  constexpr std::size_t kMuch = 1'000'000;
  std::size_t ran = 0;
  io.restart();
  while (io.poll_one() != 0) {
    if (++ran == kMuch) {
      throw std::logic_error("it does not come to rest");
    }
  }
}

void CollectorWorld::RunUntil(const std::function<bool()>& holds) {
  const auto end = steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (steady_clock::now() > end) {
      throw std::logic_error("it takes more than a minute");
    }
    io.restart();
    io.run_one_for(std::chrono::milliseconds(5));
  }
}

}  // namespace slipway::garbage
