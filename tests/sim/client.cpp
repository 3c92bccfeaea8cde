#include "tests/sim/client.hpp"

#include <algorithm>
#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::sim {
namespace {

Kind KindOfPlural(const std::string& plural) {
  for (const Kind kind : runtime::kAllKinds) {
    if (runtime::PluralOf(kind) == plural) {
      return kind;
    }
  }
  SLIPWAY_UNREACHABLE("no kind " + plural);
}

}  // namespace

Key KeyOf(const kube::ObjectName& object) {
  return Key{.kind = KindOfPlural(object.plural), .ns = object.ns, .name = object.name};
}

kube::ObjectName NameOf(const Key& key) {
  return {std::string(runtime::kApiVersion), std::string(runtime::PluralOf(key.kind)), key.ns,
          key.name};
}

/// One watch: a list first, then every event of the kind in order, each after a while.
class SimClient::Stream final : public kube::ObjectClient::Watching {
 public:
  Stream(SimClient& client, Kind kind, kube::ObjectSink& sink)
      : client_(client), kind_(kind), sink_(sink) {
    client_.watches_.push_back(this);
    List();
  }
  ~Stream() override { std::erase(client_.watches_, this); }

  /// Sends what has happened since the last time.
  void Follow() {
    const auto& history = client_.api_.history();
    for (; listed_ && next_ < history.size(); ++next_) {
      const StoreEvent& event = history[next_];
      if (event.key.kind != kind_ || event.version <= revision_) {
        continue;
      }
      if (Faults::Happens(client_.rng_, client_.faults_.expired_watch)) {
        listed_ = false;
        Send(client_.Delay(), [this] {
          sink_.Expired();
          List();
        });
        return;
      }
      if (Faults::Happens(client_.rng_, client_.faults_.stale_watch)) {
        stale_until_ = client_.process_.loop().Mono() + Duration(client_.rng_.Below(20'000));
      }
      Send(client_.Delay(), [this, event] {
        if (event.after != nullptr) {
          sink_.Changed(event.after);
        } else {
          sink_.Deleted(event.last);
        }
      });
    }
  }

 private:
  void List() {
    client_.process_.After(client_.Delay(), Guarded([this] {
                             // As of now; it arrives later, and the world has moved on by then.
                             const std::vector<Bytes> objects = client_.api_.List(kind_);
                             revision_ = client_.api_.version();
                             next_ = client_.api_.history().size();
                             listed_ = true;
                             Send(client_.Delay(), [this, objects, revision = revision_] {
                               sink_.Replaced(objects, std::to_string(revision));
                             });
                           }));
  }

  /// Not before what was sent before it.
  void Send(Duration delay, Loop::Event event) {
    const MonoTime now = client_.process_.loop().Mono();
    last_ = std::max({last_, now + delay, stale_until_});
    client_.process_.After(last_ - now, Guarded(std::move(event)));
  }

  Loop::Event Guarded(Loop::Event event) {
    return [weak = std::weak_ptr(alive_), event = std::move(event)] {
      if (!weak.expired()) {
        event();
      }
    };
  }

  SimClient& client_;
  Kind kind_;
  kube::ObjectSink& sink_;
  bool listed_ = false;
  std::uint64_t revision_ = 0;
  std::size_t next_ = 0;
  MonoTime last_;
  MonoTime stale_until_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

SimClient::SimClient(Process& process, FakeApi& api, const Faults& faults, Rng& rng, Writer writer)
    : process_(process), api_(api), faults_(faults), rng_(rng), writer_(writer) {}

SimClient::~SimClient() = default;

Duration SimClient::Delay() {
  if (Faults::Happens(rng_, faults_.late)) {
    return Duration(1'000 + rng_.Below(9'000));
  }
  return Duration(1 + rng_.Below(20));
}

void SimClient::Answer(const Done& done, const Result<Bytes>& result) {
  const auto shared = std::make_shared<const Result<Bytes>>(result);
  process_.After(Delay(), [done, shared] { done(*shared); });
  // The gateway's callbacks must run exactly once; the engine recognises what it heard before.
  if (writer_ == Writer::kControllers && Faults::Happens(rng_, faults_.doubled_answer)) {
    process_.After(Delay(), [done, shared] { done(*shared); });
  }
}

void SimClient::Call(const Key& key, bool is_write, std::function<Result<Bytes>()> work,
                     Done done) {
  if (Faults::Happens(rng_, faults_.unavailable)) {
    Answer(done, Fail(Code::kUnavailable, "the API is not there"));
    return;
  }
  if (is_write && Faults::Happens(rng_, faults_.lost_request)) {
    process_.After(Duration(5'000),
                   [this, done] { Answer(done, Fail(Code::kTimeout, "no answer")); });
    return;
  }
  process_.After(Delay(), [this, key, is_write, work = std::move(work), done = std::move(done)] {
    if (is_write && Faults::Happens(rng_, faults_.conflicting_write)) {
      (void)api_.Merge(
          key, R"({"metadata":{"annotations":{"touched":")" + std::to_string(rng_.Next()) + "\"}}}",
          Writer::kPerson);
    }
    Result<Bytes> result = work();
    if (is_write && Faults::Happens(rng_, faults_.doubled_write)) {
      result = work();
    }
    if (is_write && Faults::Happens(rng_, faults_.lost_answer)) {
      result = Fail(Code::kTimeout, "no answer");
    }
    Answer(done, result);
  });
}

void SimClient::Get(const kube::ObjectName& object, Done done) {
  const Key key = sim::KeyOf(object);
  Call(
      key, false, [this, key] { return api_.Get(key); }, std::move(done));
}

void SimClient::Create(const kube::ObjectName& object, std::string json, Done done) {
  const Key key = sim::KeyOf(object);
  Call(
      key, true, [this, key, json = std::move(json)] { return api_.Create(key, json, writer_); },
      std::move(done));
}

void SimClient::Patch(const kube::ObjectName& object, std::string patch, Done done) {
  const Key key = sim::KeyOf(object);
  Call(
      key, true, [this, key, patch = std::move(patch)] { return api_.Patch(key, patch, writer_); },
      std::move(done));
}

void SimClient::WriteStatus(const kube::ObjectName& object, const Uid& uid,
                            const std::string& resource_version, std::string status_json,
                            Done done) {
  const Key key = sim::KeyOf(object);
  auto work = [this, key, uid, resource_version, status = std::move(status_json)] {
    return api_.WriteStatus(key, uid, resource_version, status, writer_);
  };
  CallMaybeLate(key, std::move(work), std::move(done));
}

void SimClient::CallMaybeLate(const Key& key, std::function<Result<Bytes>()> work, Done done) {
  if (writer_ != Writer::kGateway && Faults::Happens(rng_, faults_.late_write)) {
    process_.After(Duration(5'000),
                   [this, done] { Answer(done, Fail(Code::kTimeout, "no answer yet")); });
    process_.After(Duration(5'000 + rng_.Below(5'000)), [work] { (void)work(); });
    return;
  }
  Call(key, true, std::move(work), std::move(done));
}

void SimClient::Delete(const kube::ObjectName& object, const Uid& uid, Done done) {
  const Key key = sim::KeyOf(object);
  objects::DeleteRequest request;
  request.uid = uid.value;
  auto work = [this, key, request = std::move(request)] {
    return api_.Delete(key, request, writer_);
  };
  Call(key, true, std::move(work), std::move(done));
}

void SimClient::Merge(const Key& key, std::string patch, Done done) {
  auto work = [this, key, patch = std::move(patch)] { return api_.Merge(key, patch, writer_); };
  CallMaybeLate(key, std::move(work), std::move(done));
}

void SimClient::Delete(const Key& key, objects::DeleteRequest request, Done done) {
  auto work = [this, key, request = std::move(request)] {
    return api_.Delete(key, request, writer_);
  };
  CallMaybeLate(key, std::move(work), std::move(done));
}

std::unique_ptr<kube::ObjectClient::Watching> SimClient::Watch(const std::string& /*api_version*/,
                                                               const std::string& plural,
                                                               kube::ObjectSink& sink) {
  return std::make_unique<Stream>(*this, KindOfPlural(plural), sink);
}

void SimClient::Announce() {
  for (Stream* watch : watches_) {
    watch->Follow();
  }
}

}  // namespace slipway::sim
