#include "src/apiserver/registry/housekeeping.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/background_work.hpp"
#include "src/apiserver/registry/namespace_conditions.hpp"
#include "src/apiserver/registry/namespaces.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/http/await.hpp"
#include "src/objects/deletion_policy.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using objects::Json;
using std::chrono::steady_clock;
using RemainsPtr = std::shared_ptr<NamespaceRemains>;

/// Objects that are looked at without letting others use the thread.
constexpr std::size_t kPage = 200;
/// How far other machines' clocks may be ahead of ours.
constexpr Duration kClockTolerance = std::chrono::minutes(5);

std::string TextAt(const Json& tree, const char* field) {
  const auto found = tree.find(field);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : "";
}

/// When an Event last happened. A time of the future is none: it would keep the Event until then.
Time LastTime(const Json& event, Time now) {
  Time last{};
  for (const std::string& text :
       {TextAt(event["metadata"], "creationTimestamp"), TextAt(event, "firstTimestamp"),
        TextAt(event, "lastTimestamp"), TextAt(event, "eventTime"),
        TextAt(event.value("series", Json::object()), "lastObservedTime")}) {
    const auto time = api::ParseTime(text);
    if (time.has_value() && time.value() <= now + kClockTolerance) {
      last = std::max(last, time.value());
    }
  }
  return last;
}

/// The tree of a namespace that is being deleted; null for others.
Json ClosedNamespace(const Object& object) {
  const auto tree = ParseObject(object);
  const bool closed = tree.has_value() && tree.value()["metadata"].contains("deletionTimestamp");
  return closed ? tree.value() : Json();
}

/// It is deleted, and what belongs to it comes first. A namespace that goes takes all along in any case.
bool WaitsForDependents(const Json& metadata) {
  const Json finalizers = metadata.value("finalizers", Json::array());
  return std::any_of(finalizers.begin(), finalizers.end(), [](const Json& finalizer) {
    return finalizer == objects::kForegroundFinalizer || finalizer == objects::kOrphanFinalizer;
  });
}

/// An object that waits for somebody to let it go.
void Count(const objects::KindInfo& kind, const Json& tree, NamespaceRemains& remains) {
  ++remains.resources[kind.plural + "." + kind.group];
  for (const Json& finalizer : tree["metadata"].value("finalizers", Json::array())) {
    ++remains.finalizers[finalizer.get<std::string>()];
  }
}

}  // namespace

struct Housekeeping::State {
  State(asio::io_context& context, Registry& objects, const Clock& time, Options given)
      : io(context), registry(objects), clock(time), options(std::move(given)), work(context) {}

  asio::awaitable<void> Run();
  asio::awaitable<void> LookOnce();
  asio::awaitable<void> LookGuarded();
  asio::awaitable<void> SweepNamespaces();
  asio::awaitable<bool> Empty(std::string ns, RemainsPtr remains);
  asio::awaitable<bool> EmptyKind(ObjectPath all, RemainsPtr remains);
  asio::awaitable<void> SayWhatRemains(Json tree, RemainsPtr remains);
  asio::awaitable<void> RevokeTokens(std::string ns);
  asio::awaitable<void> Release(Json tree);
  asio::awaitable<void> ForgetEvents();
  asio::awaitable<void> Delete(ObjectPath path, objects::DeleteRequest request);

  asio::io_context& io;
  Registry& registry;
  const Clock& clock;
  Options options;
  BackgroundWork work;
  steady_clock::time_point next_events;
  steady_clock::time_point next_certificates;
};

asio::awaitable<void> Housekeeping::State::Run() {
  next_events = steady_clock::now();
  next_certificates = steady_clock::now() + options.certificates_interval;
  while (!work.stopping()) {
    co_await LookGuarded();
    co_await work.Rest(steady_clock::now() + options.interval);
  }
}

/// Each part says when it comes next before it begins: one that fails keeps the others from nothing.
asio::awaitable<void> Housekeeping::State::LookOnce() {
  if (options.look_at_certificates && steady_clock::now() >= next_certificates) {
    next_certificates = steady_clock::now() + options.certificates_interval;
    options.look_at_certificates();
  }
  if (steady_clock::now() >= next_events) {
    next_events = steady_clock::now() + options.events_interval;
    co_await ForgetEvents();
  }
  if (!work.stopping()) {
    co_await SweepNamespaces();
  }
}

/// A fault of ours costs one look, not all that come after it.
asio::awaitable<void> Housekeeping::State::LookGuarded() {
  try {
    co_await LookOnce();
  } catch (const std::exception& error) {
    if (options.on_fault) {
      options.on_fault(error.what());
    }
  }
}

asio::awaitable<void> Housekeeping::State::Delete(ObjectPath path, objects::DeleteRequest request) {
  std::function<void(DeleteDone)> start = [this, path = std::move(path),
                                           request = std::move(request)](DeleteDone done) {
    registry.Delete(path, request, {}, std::move(done));
  };
  // What fails is found again at the next look.
  const auto deleted = co_await http::AwaitCallback<Result<Deleted>>(std::move(start));
  static_cast<void>(deleted);
}

asio::awaitable<void> Housekeeping::State::SweepNamespaces() {
  const ObjectPath all{.kind = NamespaceKind(), .ns = "", .name = ""};
  const auto list = registry.List(all, {});
  if (!list.has_value()) {
    co_return;
  }
  for (const Object& object : list.value().items) {
    Json tree = ClosedNamespace(object);
    if (work.stopping() || tree.is_null()) {
      continue;
    }
    std::string ns = TextAt(tree["metadata"], "name");
    const auto remains = std::make_shared<NamespaceRemains>();
    const bool empty = co_await Empty(ns, remains);
    if (empty) {
      co_await RevokeTokens(ns);
      co_await Release(std::move(tree));
    } else if (!remains->resources.empty()) {
      co_await SayWhatRemains(std::move(tree), remains);
    }
  }
}

/// Deletes what is in a namespace. True: there was nothing.
asio::awaitable<bool> Housekeeping::State::Empty(std::string ns, RemainsPtr remains) {
  bool empty = true;
  for (const objects::KindInfo& kind : objects::AllKinds()) {
    if (kind.namespaced && !work.stopping()) {
      ObjectPath all{.kind = &kind, .ns = ns, .name = ""};
      const bool none = co_await EmptyKind(std::move(all), remains);
      empty = empty && none;
    }
  }
  co_return empty && !work.stopping();
}

/// The same for one kind. Those that wait for others to let them go keep nothing behind them waiting.
asio::awaitable<bool> Housekeeping::State::EmptyKind(ObjectPath all, RemainsPtr remains) {
  bool empty = true;
  ListOptions page{.limit = kPage};
  do {
    const auto list = registry.List(all, page);
    if (!list.has_value()) {
      co_return false;
    }
    for (const Object& object : list.value().items) {
      empty = false;
      const auto tree = ParseObject(object);
      if (work.stopping() || !tree.has_value()) {
        continue;
      }
      if (tree.value()["metadata"].contains("deletionTimestamp")) {
        Count(*all.kind, tree.value(), *remains);
        if (!WaitsForDependents(tree.value()["metadata"])) {
          continue;
        }
      }
      ObjectPath path = all;
      path.name = TextAt(tree.value()["metadata"], "name");
      objects::DeleteRequest request;
      request.propagation = objects::DeleteRequest::Propagation::kBackground;
      co_await Delete(std::move(path), std::move(request));
    }
    page.continue_token = list.value().continue_token;
    co_await asio::post(io, asio::use_awaitable);
  } while (!page.continue_token.empty() && !work.stopping());
  co_return empty;
}

/// What keeps a namespace, where people look for it.
asio::awaitable<void> Housekeeping::State::SayWhatRemains(Json tree, RemainsPtr remains) {
  if (!SetConditions(tree, *remains, clock.Now())) {
    co_return;
  }
  const ObjectPath path{
      .kind = NamespaceKind(), .ns = "", .name = TextAt(tree["metadata"], "name")};
  std::function<void(WriteDone)> start = [this, path, text = PrintJson(tree)](WriteDone done) {
    registry.UpdateStatus(path, text, {}, std::move(done));
  };
  const auto written = co_await http::AwaitCallback<Result<Written>>(std::move(start));
  static_cast<void>(written);
}

/// Who was let into a namespace alone is not let into the next one of this name.
asio::awaitable<void> Housekeeping::State::RevokeTokens(std::string ns) {
  const ObjectPath all{.kind = objects::FindByKind("access.slipway.dev/v1alpha1", "AccessToken"),
                       .ns = "",
                       .name = ""};
  const auto list = registry.List(all, {});
  if (!list.has_value()) {
    co_return;
  }
  for (const Object& object : list.value().items) {
    const auto tree = ParseObject(object);
    if (tree.has_value() && TextAt(tree.value()["spec"], "namespace") == ns) {
      const ObjectPath path{
          .kind = all.kind, .ns = "", .name = TextAt(tree.value()["metadata"], "name")};
      objects::DeleteRequest same;
      same.uid = TextAt(tree.value()["metadata"], "uid");
      co_await Delete(path, std::move(same));
    }
  }
}

/// Takes our finalizer from an empty namespace, which removes it.
asio::awaitable<void> Housekeeping::State::Release(Json tree) {
  Json& finalizers = tree["spec"]["finalizers"];
  Json others = Json::array();
  for (const Json& finalizer : finalizers) {
    if (finalizer != kContentsFinalizer) {
      others.push_back(finalizer);
    }
  }
  finalizers = others;
  const ObjectPath path{
      .kind = NamespaceKind(), .ns = "", .name = TextAt(tree["metadata"], "name")};
  std::function<void(WriteDone)> start = [this, path, text = PrintJson(tree)](WriteDone done) {
    registry.Update(path, text, {}, std::move(done));
  };
  const auto written = co_await http::AwaitCallback<Result<Written>>(std::move(start));
  static_cast<void>(written);
}

asio::awaitable<void> Housekeeping::State::ForgetEvents() {
  const ObjectPath all{.kind = objects::FindByKind("v1", "Event"), .ns = "", .name = ""};
  const Time now = clock.Now();
  ListOptions page{.limit = kPage};
  do {
    const auto list = registry.List(all, page);
    if (!list.has_value()) {
      co_return;
    }
    for (const Object& object : list.value().items) {
      const auto tree = ParseObject(object);
      if (work.stopping() || !tree.has_value() ||
          LastTime(tree.value(), now) > now - options.events_kept) {
        continue;
      }
      const Json& metadata = tree.value()["metadata"];
      const ObjectPath path{
          .kind = all.kind, .ns = TextAt(metadata, "namespace"), .name = TextAt(metadata, "name")};
      objects::DeleteRequest same;
      same.resource_version = TextAt(metadata, "resourceVersion");
      co_await Delete(path, std::move(same));
    }
    page.continue_token = list.value().continue_token;
    co_await asio::post(io, asio::use_awaitable);
  } while (!page.continue_token.empty() && !work.stopping());
}

Housekeeping::Housekeeping(asio::io_context& io, Registry& registry, const Clock& clock,
                           Options options)
    : state_(std::make_unique<State>(io, registry, clock, std::move(options))) {}

Housekeeping::~Housekeeping() = default;

void Housekeeping::Start() { state_->work.Start(state_->Run()); }

void Housekeeping::Stop(std::function<void()> done) { state_->work.Stop(std::move(done)); }

}  // namespace slipway::apiserver
