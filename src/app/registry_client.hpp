#pragma once

#include <memory>
#include <string>

#include "src/apiserver/registry/registry.hpp"
#include "src/kube/object_client.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::app {

/// The ObjectClient of the embedded server: straight to its registry, on the registry's home thread, which runs `io`.
class RegistryClient final : public kube::ObjectClient {
 public:
  /// Both outlive it, and it outlives its watches.
  RegistryClient(boost::asio::io_context& io, apiserver::Registry& registry);
  ~RegistryClient() override;

  void Get(const kube::ObjectName& object, Done done) override;
  void Create(const kube::ObjectName& object, std::string json, Done done) override;
  void Patch(const kube::ObjectName& object, std::string patch, Done done) override;
  void WriteStatus(const kube::ObjectName& object, const Uid& uid,
                   const std::string& resource_version, std::string status_json,
                   Done done) override;
  void Delete(const kube::ObjectName& object, const Uid& uid, Done done) override;
  std::unique_ptr<Watching> Watch(const std::string& api_version, const std::string& plural,
                                  kube::ObjectSink& sink) override;

 private:
  class RegistryWatching;
  apiserver::WriteDone Adapt(Done done) const;

  boost::asio::io_context& io_;
  apiserver::Registry& registry_;
};

}  // namespace slipway::app
