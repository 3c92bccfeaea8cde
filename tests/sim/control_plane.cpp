#include "tests/sim/control_plane.hpp"

#include <charconv>
#include <utility>

namespace slipway::sim {
namespace {

constexpr const char* kIncarnation = "20260101T000000Z-sim";
constexpr const char* kNamespace = "default";

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
      garbage_client_(process_, world_.api, world_.faults, world_.rng, Writer::kGarbage),
      garbage_(process_, garbage_client_, world_.rng,
               [this](const garbage::Step& step) { return world_.observer.MayCollect(step); }),
      agents_(gateway_client_, world_.loop, {.incarnation = kIncarnation}) {
  agents_.Start();
  GatewayTick();
}

ControlPlane::~ControlPlane() { Kill(); }

void ControlPlane::Kill() {
  process_.Kill();
  for (const auto& link : std::exchange(links_, {})) {
    link->on_report = nullptr;
    link->on_gateway_close = nullptr;
    link->Break();
  }
}

void ControlPlane::Announce() {
  if (alive()) {
    gateway_client_.Announce();
    client_.Announce();
    garbage_client_.Announce();
  }
}

// ---- The gateway.

void ControlPlane::GatewayTick() {
  agents_.Tick();
  Follow();
  if (engine_ == nullptr && agents_.settled()) {
    StartEngine();
  }
  process_.After(Duration(1'000), [this] { GatewayTick(); });
}

void ControlPlane::Follow() {
  if (agents_.Follow()) {
    process_.After(Duration(0), [this] { Follow(); });
  }
}

std::shared_ptr<Link> ControlPlane::Connect(Host& host, const protocol::Hello& hello) {
  const std::string server = std::string(kNamespace) + "/" + host.name();
  const std::string key_hash = Host::KeyHash();
  if (!alive() || process_.frozen() || !agents_.complete() ||
      !agents_.IsClaimed(server, key_hash)) {
    return nullptr;
  }
  auto link = std::make_shared<Link>(world_.loop, world_.rng, world_.faults);
  links_.push_back(link);
  link->on_report = [this, server, weak = std::weak_ptr(link)](const protocol::Report& report) {
    process_.After(Duration(0),
                   [this, server, weak, report] { agents_.Hear(server, weak.lock(), report); });
  };
  link->on_gateway_close = [this, server, weak = std::weak_ptr(link)] {
    process_.After(Duration(0), [this, server, link = weak.lock()] {
      std::erase(links_, link);
      agents_.Leave(server, link, /*silent=*/Duration{0});
    });
  };
  agents_.Seat(server, key_hash, hello, link);
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

runtime::OutsideResult ControlPlane::DoOutside(const runtime::OutsideRequest& request, bool fails) {
  if (const auto* list = std::get_if<runtime::ListServers>(&request)) {
    return world_.cloud.List(*list, world_.loop.Now(), world_.rng, world_.faults);
  }
  if (const auto* launch = std::get_if<runtime::CompleteLaunch>(&request)) {
    world_.observer.OnLetIn(*launch);
    return world_.cloud.CompleteLaunch(*launch, world_.rng, world_.faults);
  }
  return fails ? runtime::OutsideResult(Fail(Code::kUnavailable, "the network is down"))
               : world_.git.Execute(request);
}

void ControlPlane::ExecuteOutside(runtime::EffectId id, const runtime::Outside& work) {
  const bool fails = Faults::Happens(world_.rng, world_.faults.failed_fetch);
  process_.After(Duration(20 + world_.rng.Below(1'000)), [this, id, work, fails] {
    const auto result =
        std::make_shared<const runtime::OutsideResult>(DoOutside(work.request, fails));
    if (!world_.observer.OnOutsideDone(work)) {
      return;
    }
    process_.After(Duration(5), [this, id, work, result] {
      world_.observer.OnOutsideAnswer(work, *result);
      engine_->EffectDone(id, *result);
      Wake();
    });
  });
}

}  // namespace slipway::sim
