#include "src/app/controllers.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <string>

#include "reconciler/base/overloaded.hpp"

namespace slipway::app {
namespace {

namespace asio = boost::asio;
using kube::ObjectText;
using runtime::Effect;
using runtime::Kind;

kube::ObjectName NameOf(const runtime::Key& key) {
  return {std::string(runtime::kApiVersion), std::string(runtime::PluralOf(key.kind)), key.ns,
          key.name};
}

}  // namespace

/// Hands what happens to one kind to the engine.
class Controllers::Feed final : public kube::ObjectSink {
 public:
  Feed(Controllers& owner, Kind kind) : owner_(owner), kind_(kind) {
    watching_ = owner.client_.Watch(std::string(runtime::kApiVersion),
                                    std::string(runtime::PluralOf(kind)), *this);
  }

  void Replaced(const std::vector<ObjectText>& objects, const std::string& version) override {
    owner_.conditions_.Replaced(kind_, objects);
    owner_.engine_.Replaced(kind_, objects, api::VersionNumber(version));
    owner_.Wake();
  }
  void Expired() override {
    owner_.engine_.Expired(kind_);
    owner_.Wake();
  }
  void Changed(const ObjectText& object) override {
    owner_.conditions_.Changed(kind_, object);
    owner_.engine_.ObjectChanged(kind_, object);
    owner_.Wake();
  }
  void Deleted(const ObjectText& last) override {
    owner_.conditions_.Deleted(kind_, last);
    owner_.engine_.ObjectDeleted(kind_, last);
    owner_.Wake();
  }

 private:
  Controllers& owner_;
  Kind kind_;
  std::unique_ptr<kube::ObjectClient::Watching> watching_;
};

Controllers::Controllers(asio::io_context& io, kube::ObjectClient& client, GitEffects& git,
                         CloudEffects& cloud, const Clock& clock, metrics::Metrics& metrics,
                         Options options)
    : io_(io),
      client_(client),
      git_(git),
      cloud_(cloud),
      clock_(clock),
      engine_(options.planners ? AllPlanners(options.first_grace)
                               : std::vector<std::unique_ptr<runtime::Planner>>(),
              options.engine),
      events_(client, clock),
      conditions_(metrics),
      timer_(io) {}

Controllers::~Controllers() { *alive_ = false; }

void Controllers::Start() {
  for (const Kind kind : engine_.kinds()) {
    feeds_.push_back(std::make_unique<Feed>(*this, kind));
  }
}

void Controllers::Stop() {
  stopped_ = true;
  events_.Stop();
  feeds_.clear();
  timer_.cancel();
}

void Controllers::Outdated(const runtime::OutsideRequest& request) {
  engine_.Outdated(request);
  Wake();
}

std::function<void(const runtime::OutsideRequest&)> Controllers::OutdatedFromElsewhere() {
  return [this, &io = io_, alive = alive_](const runtime::OutsideRequest& request) {
    asio::post(io, [this, alive, request] {
      if (*alive && !stopped_) {
        Outdated(request);
      }
    });
  };
}

/// Queues one turn behind what else is waiting on the thread: all news that have come by then are looked at together.
void Controllers::Wake() {
  if (turn_queued_ || stopped_) {
    return;
  }
  turn_queued_ = true;
  asio::post(io_, [this, alive = alive_] {
    if (*alive && !stopped_) {
      turn_queued_ = false;
      Turn();
    }
  });
}

void Controllers::Turn() {
  engine_.Tick(clock_.Now(), clock_.Mono());
  for (const Effect& effect : engine_.TakeEffects()) {
    Execute(effect);
  }
  for (const runtime::Note& note : engine_.TakeNotes()) {
    spdlog::warn("controllers: {}: {}", runtime::ToString(note.key), note.text);
  }
  const auto wakeup = engine_.NextWakeup();
  if (!wakeup) {
    timer_.cancel();
    return;
  }
  const Duration wait = *wakeup - clock_.Mono();
  if (wait.count() <= 0) {
    return Wake();
  }
  timer_.expires_after(wait);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& cancelled) {
    if (!cancelled && *alive) {
      Wake();
    }
  });
}

void Controllers::Answer(runtime::EffectId id, const runtime::EffectResult& result) {
  engine_.EffectDone(id, result);
  Wake();
}

void Controllers::Execute(const Effect& effect) {
  spdlog::debug("controllers: {}", runtime::Describe(effect));
  const auto written = [this, id = effect.id, alive = alive_](Result<ObjectText> result) {
    if (*alive && !stopped_) {
      Answer(id, runtime::ObjectResult(std::move(result)));
    }
  };
  const auto recorded = [&](const runtime::Key& key) {
    return [this, key, written, alive = alive_](Result<ObjectText> result) {
      if (*alive && result.has_value()) {
        events_.Saw(key, *result.value());
      }
      written(std::move(result));
    };
  };
  const auto outside = [this, id = effect.id, alive = alive_](runtime::OutsideResult result) {
    if (*alive && !stopped_) {
      Answer(id, std::move(result));
    }
  };
  std::visit(
      Overloaded{
          [&](const runtime::Create& work) {
            client_.Create(NameOf(work.key), work.json, written);
          },
          [&](const runtime::Patch& work) {
            client_.Patch(NameOf(work.key), work.operations, written);
          },
          [&](const runtime::WriteStatus& work) {
            client_.WriteStatus(NameOf(work.key), work.uid, std::to_string(work.version),
                                work.status, recorded(work.key));
          },
          [&](const runtime::Delete& work) { client_.Delete(NameOf(work.key), work.uid, written); },
          [&](const runtime::Get& work) { client_.Get(NameOf(work.key), written); },
          [&](const runtime::Outside& work) {
            if (const auto* list = std::get_if<runtime::ListServers>(&work.request)) {
              cloud_.List(work.key.ns, *list, outside);
            } else if (const auto* launch = std::get_if<runtime::CompleteLaunch>(&work.request)) {
              cloud_.CompleteLaunch(work.key.ns, *launch, outside);
            } else {
              git_.Execute(work.key.ns, work.request, outside);
            }
          }},
      effect.work);
}

}  // namespace slipway::app
