#include "src/app/registry_client.hpp"

#include <spdlog/spdlog.h>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"

namespace slipway::app {
namespace {

namespace asio = boost::asio;
using apiserver::Object;
using apiserver::ObjectWatch;
using kube::ObjectText;
using nlohmann::json;

constexpr std::size_t kTakeAtOnce = 256;
constexpr std::chrono::milliseconds kTryAgain{500};

ObjectText TextOf(const Object& object) {
  return std::make_shared<const std::string>(object.Text());
}

apiserver::ObjectPath PathOf(const kube::ObjectName& object) {
  const std::size_t slash = object.api_version.find('/');
  const bool core = slash == std::string::npos;
  const auto* kind = objects::FindByPlural(
      core ? "" : object.api_version.substr(0, slash),
      core ? object.api_version : object.api_version.substr(slash + 1), object.plural);
  SLIPWAY_ASSERT(kind != nullptr, object.api_version + " " + object.plural + " is not served");
  return {.kind = kind, .ns = object.ns, .name = object.name};
}

}  // namespace

/// Lists once, then follows the changes; starts again after any error.
class RegistryClient::RegistryWatching final
    : public Watching,
      public std::enable_shared_from_this<RegistryWatching> {
 public:
  RegistryWatching(asio::io_context& io, apiserver::Registry& registry, apiserver::ObjectPath path,
                   kube::ObjectSink& sink)
      : io_(io), registry_(registry), path_(std::move(path)), sink_(&sink), timer_(io) {}

  void Begin() { Post(&RegistryWatching::List); }

  void End() {
    sink_ = nullptr;
    watch_.reset();
    timer_.cancel();
  }

 private:
  void Post(void (RegistryWatching::*step)()) {
    asio::post(io_, [self = weak_from_this(), step] {
      const auto alive = self.lock();
      if (alive && alive->sink_ != nullptr) {
        (alive.get()->*step)();
      }
    });
  }

  void List() {
    const auto list = registry_.List(path_, {});
    if (!list.has_value()) {
      return Later(list.error());
    }
    std::vector<ObjectText> objects;
    objects.reserve(list.value().items.size());
    for (const Object& object : list.value().items) {
      objects.push_back(TextOf(object));
    }
    auto ready = [self = weak_from_this()] {
      const auto alive = self.lock();
      if (alive && alive->sink_ != nullptr) {
        alive->Take();
      }
    };
    auto watch = registry_.StartWatch(path_, {}, list.value().revision, std::move(ready));
    if (!watch.has_value()) {
      return Later(watch.error());
    }
    watch_ = std::move(watch.value());
    sink_->Replaced(objects, std::to_string(list.value().revision));
    Take();
  }

  void Take() {
    if (sink_ == nullptr || watch_ == nullptr) {
      return;
    }
    const auto batch = watch_->Take(kTakeAtOnce);
    if (!batch.has_value()) {
      watch_.reset();
      sink_->Expired();
      return Later(batch.error());
    }
    for (const ObjectWatch::Change& change : batch.value().changes) {
      if (sink_ == nullptr) {
        return;
      }
      if (change.type == ObjectWatch::Type::kDeleted) {
        sink_->Deleted(TextOf(change.object));
      } else {
        sink_->Changed(TextOf(change.object));
      }
    }
    if (batch.value().more) {
      Post(&RegistryWatching::Take);
    }
  }

  void Later(const Error& error) {
    spdlog::warn("controllers: {} must be listed again: {}", path_.kind->plural, error.message);
    timer_.expires_after(kTryAgain);
    timer_.async_wait([self = weak_from_this()](const boost::system::error_code& cancelled) {
      const auto alive = self.lock();
      if (!cancelled && alive && alive->sink_ != nullptr) {
        alive->List();
      }
    });
  }

  asio::io_context& io_;
  apiserver::Registry& registry_;
  apiserver::ObjectPath path_;
  kube::ObjectSink* sink_;  ///< nullptr once it has ended
  asio::steady_timer timer_;
  std::unique_ptr<ObjectWatch> watch_;
};

RegistryClient::RegistryClient(asio::io_context& io, apiserver::Registry& registry)
    : io_(io), registry_(registry) {}
RegistryClient::~RegistryClient() = default;

apiserver::WriteDone RegistryClient::Adapt(Done done) const {
  return [done = std::move(done)](const Result<apiserver::Written>& written) {
    if (written.has_value()) {
      return done(TextOf(written.value().object));
    }
    Error error = written.error();
    // A patch whose `test` failed: invalid objects have causes, this has none.
    if (error.code == Code::kUnprocessable) {
      error.code = Code::kConflict;
    }
    done(std::move(error));
  };
}

void RegistryClient::Get(const kube::ObjectName& object, Done done) {
  asio::post(io_, [this, path = PathOf(object), done = std::move(done)] {
    const auto found = registry_.Get(path);
    done(found.has_value() ? Result<ObjectText>(TextOf(found.value()))
                           : Result<ObjectText>(found.error()));
  });
}

void RegistryClient::Create(const kube::ObjectName& object, std::string text, Done done) {
  apiserver::ObjectPath path = PathOf(object);
  path.name.clear();
  registry_.Create(std::move(path), std::move(text), {}, Adapt(std::move(done)));
}

void RegistryClient::Patch(const kube::ObjectName& object, std::string patch, Done done) {
  registry_.Patch(PathOf(object), apiserver::PatchType::kJson, std::move(patch), {},
                  Adapt(std::move(done)));
}

void RegistryClient::WriteStatus(const kube::ObjectName& object, const Uid& uid,
                                 const std::string& resource_version, std::string status_json,
                                 Done done) {
  json operations = json::array();
  operations.push_back({{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid.value}});
  if (!resource_version.empty()) {
    operations.push_back(
        {{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", resource_version}});
  }
  operations.push_back({{"op", "add"}, {"path", "/status"}, {"value", ReadJson(status_json)}});
  registry_.PatchStatus(PathOf(object), apiserver::PatchType::kJson, operations.dump(), {},
                        Adapt(std::move(done)));
}

void RegistryClient::Delete(const kube::ObjectName& object, const Uid& uid, Done done) {
  objects::DeleteRequest request;
  request.uid = uid.value;
  registry_.Delete(PathOf(object), std::move(request), {},
                   [done = std::move(done)](const Result<apiserver::Deleted>& deleted) {
                     done(deleted.has_value() ? Result<ObjectText>(TextOf(deleted.value().object))
                                              : Result<ObjectText>(deleted.error()));
                   });
}

std::unique_ptr<kube::ObjectClient::Watching> RegistryClient::Watch(const std::string& api_version,
                                                                    const std::string& plural,
                                                                    kube::ObjectSink& sink) {
  struct Handle final : Watching {
    explicit Handle(std::shared_ptr<RegistryWatching> watching) : shared(std::move(watching)) {}
    ~Handle() override { shared->End(); }
    std::shared_ptr<RegistryWatching> shared;
  };
  auto watching = std::make_shared<RegistryWatching>(io_, registry_,
                                                     PathOf({api_version, plural, "", ""}), sink);
  watching->Begin();
  return std::make_unique<Handle>(std::move(watching));
}

}  // namespace slipway::app
