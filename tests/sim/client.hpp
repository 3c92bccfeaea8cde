#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/kube/object_client.hpp"
#include "tests/sim/api.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/loop.hpp"

namespace slipway::sim {

/// A client of the FakeApi for one process: everything takes time, and anything may go wrong on the way, as Faults say. What
/// is on its way when the process dies never arrives.
class SimClient final : public kube::ObjectClient {
 public:
  /// All references outlive it. `writer` is who the API thinks is writing.
  SimClient(Process& process, FakeApi& api, const Faults& faults, Rng& rng, Writer writer);
  ~SimClient() override;

  void Get(const kube::ObjectName& object, Done done) override;
  void Create(const kube::ObjectName& object, std::string json, Done done) override;
  void Patch(const kube::ObjectName& object, std::string patch, Done done) override;
  void WriteStatus(const kube::ObjectName& object, const Uid& uid,
                   const std::string& resource_version, std::string status_json,
                   Done done) override;
  void Delete(const kube::ObjectName& object, const Uid& uid, Done done) override;
  std::unique_ptr<Watching> Watch(const std::string& api_version, const std::string& plural,
                                  kube::ObjectSink& sink) override;

  // What the garbage collector asks of the registry besides.
  void Merge(const Key& key, std::string patch, Done done);
  void Delete(const Key& key, objects::DeleteRequest request, Done done);

  /// Tells the watches what has happened. The owner calls it after each change of the API.
  void Announce();

 private:
  class Stream;

  void Call(const Key& key, bool is_write, std::function<Result<Bytes>()> work, Done done);
  /// Perhaps carried out after its time-out.
  void CallMaybeLate(const Key& key, std::function<Result<Bytes>()> work, Done done);
  void Answer(const Done& done, const Result<Bytes>& result);
  Duration Delay();

  Process& process_;
  FakeApi& api_;
  const Faults& faults_;
  Rng& rng_;
  Writer writer_;
  std::vector<Stream*> watches_;
};

/// The key of an object of one of the engine's kinds, and back.
Key KeyOf(const kube::ObjectName& object);
kube::ObjectName NameOf(const Key& key);

}  // namespace slipway::sim
