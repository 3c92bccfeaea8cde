#include "tests/sim/control_plane.hpp"

#include <charconv>
#include <utility>

namespace slipway::sim {
namespace {

constexpr const char* kIncarnation = "20260101T000000Z-sim";
constexpr const char* kNamespace = "default";

kube::ObjectName NameOf(const Key& key) {
  return {std::string(runtime::kApiVersion), std::string(runtime::PluralOf(key.kind)), key.ns,
          key.name};
}

std::uint64_t NumberOf(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

/// Hands what happens to one kind to the engine.
class ControlPlane::Feed final : public kube::ObjectSink {
 public:
  Feed(ControlPlane& plane, Kind kind) : plane_(plane), kind_(kind) {
    watching_ = plane.client_.Watch("", std::string(runtime::PluralOf(kind)), *this);
  }

  void Replaced(const std::vector<kube::ObjectText>& objects, const std::string& version) override {
    plane_.engine_->Replaced(kind_, objects, NumberOf(version));
    plane_.Wake();
  }
  void Expired() override {
    plane_.engine_->Expired(kind_);
    plane_.Wake();
  }
  void Changed(const kube::ObjectText& object) override {
    plane_.engine_->ObjectChanged(kind_, object);
    plane_.Wake();
  }
  void Deleted(const kube::ObjectText& last) override {
    plane_.engine_->ObjectDeleted(kind_, last);
    plane_.Wake();
  }

 private:
  ControlPlane& plane_;
  Kind kind_;
  std::unique_ptr<kube::ObjectClient::Watching> watching_;
};

ControlPlane::ControlPlane(PlaneSurroundings surroundings)
    : world_(std::move(surroundings)),
      process_(world_.loop),
      gateway_client_(process_, world_.api, world_.faults, world_.rng, Writer::kGateway),
      client_(process_, world_.api, world_.faults, world_.rng, Writer::kControllers),
      catalog_(kIncarnation),
      liveness_({}, world_.loop.Mono()),
      reports_(gateway_client_, catalog_, liveness_, world_.loop,
               [this](const std::string& server, std::int64_t incarnation, std::int64_t sequence) {
                 const auto session = sessions_.find(server);
                 if (session != sessions_.end() && incarnations_[server] == incarnation) {
                   session->second->Send(protocol::Ack{sequence});
                 }
               }) {
  catalog_.Start(gateway_client_);
  GatewayTick();
}

ControlPlane::~ControlPlane() { Kill(); }

void ControlPlane::Kill() {
  process_.Kill();
  for (const auto& [server, link] : std::exchange(sessions_, {})) {
    link->on_report = nullptr;
    link->on_gateway_close = nullptr;
    link->Break();
  }
}

void ControlPlane::Announce() {
  if (alive()) {
    gateway_client_.Announce();
    client_.Announce();
  }
}

// ---- The gateway.

void ControlPlane::GatewayTick() {
  Look();
  if (engine_ == nullptr && catalog_.complete() && reports_.settled()) {
    StartEngine();
  }
  process_.After(Duration(1'000), [this] { GatewayTick(); });
}

void ControlPlane::Look() {
  if (!catalog_.complete()) {
    return;
  }
  FollowObjects();
  for (const gateway::Verdict& verdict : liveness_.Look(world_.loop.Mono())) {
    reports_.Touch(verdict.server);
  }
  reports_.Flush();
}

void ControlPlane::FollowObjects() {
  for (const std::string& server : catalog_.TakeChangedServers()) {
    if (catalog_.FindServer(server) != nullptr) {
      liveness_.Add(server);
      reports_.Touch(server);
      SendAssignment(server);
      continue;
    }
    liveness_.Remove(server);
    reports_.Forget(server);
    const auto session = sessions_.find(server);
    if (session != sessions_.end()) {
      session->second->Break();
    }
  }
}

void ControlPlane::SendAssignment(const std::string& server) {
  const auto session = sessions_.find(server);
  const api::Server* object = catalog_.FindServer(server);
  if (session == sessions_.end() || object == nullptr) {
    return;
  }
  const protocol::Assign assign = catalog_.AssignmentOf(*object);
  std::string said = protocol::Encode(protocol::GatewayMessage(assign));
  if (said != last_assigned_[server]) {
    last_assigned_[server] = std::move(said);
    session->second->Send(assign);
  }
}

std::shared_ptr<Link> ControlPlane::Connect(Host& host, const protocol::Hello& hello) {
  const std::string server = std::string(kNamespace) + "/" + host.name();
  if (!alive() || process_.frozen() || !catalog_.complete() || sessions_.contains(server) ||
      catalog_.FindServer(server) == nullptr) {
    return nullptr;
  }
  bool claimed = false;
  for (const auto& [key, claim] : catalog_.claims()) {
    claimed = claimed || claim.status.server == host.name();
  }
  if (!claimed || !reports_.Greet(server, hello)) {
    return nullptr;
  }
  auto link = std::make_shared<Link>(world_.loop, world_.rng, world_.faults);
  Link* const raw = link.get();
  sessions_[server] = link;
  incarnations_[server] = hello.incarnation;
  last_assigned_.erase(server);
  liveness_.Opened(server, world_.loop.Mono());
  link->on_report = [this, server](const protocol::Report& report) {
    process_.After(Duration(0), [this, server, report] {
      liveness_.Heard(server, world_.loop.Mono());
      reports_.Take(server, report);
      reports_.Flush();
    });
  };
  link->on_gateway_close = [this, server, raw] {
    process_.After(Duration(0), [this, server, raw] {
      const auto mine = sessions_.find(server);
      if (mine != sessions_.end() && mine->second.get() == raw) {
        sessions_.erase(mine);
        liveness_.Closed(server, world_.loop.Mono());
      }
    });
  };
  SendAssignment(server);
  Look();
  return link;
}

// ---- The controllers.

void ControlPlane::StartEngine() {
  engine_ = std::make_unique<runtime::Engine>(world_.planners(), world_.engine);
  for (const Kind kind : engine_->kinds()) {
    feeds_.push_back(std::make_unique<Feed>(*this, kind));
  }
}

void ControlPlane::Wake() {
  if (!std::exchange(turn_queued_, true)) {
    process_.After(Duration(0), [this] {
      turn_queued_ = false;
      Turn();
    });
  }
}

void ControlPlane::Turn() {
  engine_->Tick(world_.loop.Now(), world_.loop.Mono());
  for (const runtime::Effect& effect : engine_->TakeEffects()) {
    world_.observer.OnEffect(effect, engine_->cache());
    if (!world_.observer.MayGoOn(effect)) {
      return;
    }
    Execute(effect);
  }
  engine_->TakeNotes();
  const auto wakeup = engine_->NextWakeup();
  const std::uint64_t token = ++wakeup_;
  if (wakeup.has_value()) {
    process_.After(std::max(*wakeup - world_.loop.Mono(), Duration(0)), [this, token] {
      if (token == wakeup_) {
        Wake();
      }
    });
  }
}

void ControlPlane::Execute(const runtime::Effect& effect) {
  const runtime::EffectId id = effect.id;
  const auto answered = [this, id](const Result<Bytes>& result) {
    engine_->EffectDone(id, result);
    Wake();
  };
  const auto& work = effect.work;
  if (const auto* create = std::get_if<runtime::Create>(&work)) {
    client_.Create(NameOf(create->key), create->json, answered);
  } else if (const auto* patch = std::get_if<runtime::Patch>(&work)) {
    client_.Patch(NameOf(patch->key), patch->operations, answered);
  } else if (const auto* status = std::get_if<runtime::WriteStatus>(&work)) {
    client_.WriteStatus(NameOf(status->key), status->uid, std::to_string(status->version),
                        status->status, answered);
  } else if (const auto* removal = std::get_if<runtime::Delete>(&work)) {
    client_.Delete(NameOf(removal->key), removal->uid, answered);
  } else if (const auto* get = std::get_if<runtime::Get>(&work)) {
    client_.Get(NameOf(get->key), answered);
  } else {
    ExecuteOutside(id, std::get<runtime::Outside>(work));
  }
}

void ControlPlane::ExecuteOutside(runtime::EffectId id, const runtime::Outside& work) {
  const bool fails = Faults::Happens(world_.rng, world_.faults.failed_fetch);
  process_.After(Duration(20 + world_.rng.Below(1'000)), [this, id, work, fails] {
    const auto result = std::make_shared<const runtime::OutsideResult>(
        fails ? runtime::OutsideResult(Fail(Code::kUnavailable, "the network is down"))
              : world_.git.Execute(work.request));
    if (!world_.observer.OnOutsideDone(work)) {
      return;
    }
    process_.After(Duration(5), [this, id, result] {
      engine_->EffectDone(id, *result);
      Wake();
    });
  });
}

}  // namespace slipway::sim
