#include "src/garbage/collector.hpp"

#include <utility>  // before Asio, which needs it and does not include it

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <map>
#include <vector>

#include "src/apiserver/registry/background_work.hpp"
#include "src/garbage/backlog.hpp"
#include "src/garbage/verdict.hpp"
#include "src/http/await.hpp"

namespace slipway::garbage {
namespace {

namespace asio = boost::asio;
using apiserver::ObjectWatch;
using std::chrono::steady_clock;

/// Objects that are read without letting others use the thread.
constexpr std::size_t kPage = 200;
/// Objects that are judged at once, whose writes are awaited together.
constexpr std::size_t kJudgedAtOnce = 64;
/// Bytes of owners that are read without letting others use the thread.
constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;
constexpr Duration kLongestRest = std::chrono::hours(1);

MonoTime Now() { return {std::chrono::floor<Duration>(steady_clock::now().time_since_epoch())}; }

/// As in Kubernetes, nobody owns an Event, and an Event owns nothing: there are too many. What cannot be deleted is not ours to
/// look after either.
bool IsLookedAfter(const objects::KindInfo& kind) {
  return kind.kind != "Event" && kind.Offers("list") && kind.Offers("watch") &&
         kind.Offers("delete");
}

/// How owners stand, by KeyOf.
using Standings = std::map<std::string, Result<Standing>>;
using StandingsPtr = std::shared_ptr<Standings>;

std::string KeyOf(const Owner& owner, const Place& dependent) {
  return dependent.ns + "/" + owner.api_version + "/" + owner.kind + "/" + owner.name + "/" +
         owner.uid;
}

/// Several writes of which all are awaited.
struct Writes {
  std::size_t left;
  std::shared_ptr<Outcomes> outcomes;
  std::function<void(bool)> done;

  void End(const Place& of, const Error* error) {
    outcomes->Add(of, error);
    if (--left == 0) {
      done(true);
    }
  }
};

}  // namespace

struct Collector::State {
  struct Feed {
    const objects::KindInfo* kind;
    std::unique_ptr<ObjectWatch> watch;
  };
  /// A step, and the object whose verdict it is.
  struct Task {
    Place of;
    Step step;
  };

  State(asio::io_context& context, apiserver::Registry& objects, Options given)
      : io(context),
        registry(objects),
        options(std::move(given)),
        work(context),
        backlog(options.first_pause) {}

  asio::awaitable<void> Run();
  asio::awaitable<Result<void>> Look();
  asio::awaitable<Result<void>> ListAll();
  asio::awaitable<Result<void>> ListKind(const objects::KindInfo* kind);
  asio::awaitable<Result<void>> TakeNews();
  asio::awaitable<void> Work(std::vector<Place> places);
  asio::awaitable<void> Do(std::vector<Task> tasks);
  asio::awaitable<void> WaitForNews();
  void Learn(const objects::KindInfo* kind, const ObjectWatch::Change& change);
  Result<Standing> LookUpOwner(const Owner& owner, const Place& dependent);
  asio::awaitable<void> LookUpOwners(Node node, StandingsPtr known);
  void Write(const Task& task, const std::shared_ptr<Writes>& writes);
  void Note(const Place& place, const Error* error);
  void Complain(const std::string& what) const;
  void Wake();

  asio::io_context& io;
  apiserver::Registry& registry;
  Options options;
  apiserver::BackgroundWork work;
  OwnerGraph graph;
  std::vector<Feed> feeds;
  Backlog backlog;
  std::size_t bytes_read = 0;  ///< of owners, since others had the thread
  bool listed = false;         ///< and what came meanwhile is known, too
  bool news = false;
  std::uint64_t collected = 0;
};

void Collector::State::Wake() {
  news = true;
  work.Wake();
}

asio::awaitable<void> Collector::State::Run() {
  while (!work.stopping()) {
    Result<void> good = Ok();
    try {
      good = co_await Look();
    } catch (const std::exception& error) {
      good = Fail(Code::kInternal, std::string("a fault of the server: ") + error.what());
    }
    if (good.has_value()) {
      continue;
    }
    // That history was compacted is no trouble, unless it is faster than we are.
    const bool overtaken = listed && good.error().code == Code::kExpired;
    listed = false;
    feeds.clear();
    if (!overtaken) {
      Complain(good.error().message);
      co_await work.Rest(steady_clock::now() + options.first_pause);
    }
  }
  feeds.clear();
}

/// One round: what is new, then some of what is to be done; or a rest.
asio::awaitable<Result<void>> Collector::State::Look() {
  news = false;
  if (!listed) {
    const auto all = co_await ListAll();
    if (!all.has_value()) {
      co_return all;
    }
  }
  const auto taken = co_await TakeNews();
  if (!taken.has_value()) {
    co_return taken;
  }
  if (work.stopping()) {
    co_return Ok();  // what was listed or heard may be a part, by which nothing can be judged
  }
  listed = true;
  std::vector<Place> places = backlog.Take(Now(), kJudgedAtOnce);
  if (places.empty()) {
    co_await WaitForNews();
  } else {
    co_await Work(std::move(places));
  }
  co_return Ok();
}

asio::awaitable<void> Collector::State::WaitForNews() {
  if (news) {
    co_return;
  }
  const MonoTime latest = Now() + kLongestRest;
  const MonoTime until = std::min(latest, backlog.NextDue().value_or(latest));
  co_await work.Rest(steady_clock::time_point(until.since_start));
}

asio::awaitable<Result<void>> Collector::State::ListAll() {
  feeds.clear();
  graph = OwnerGraph();
  backlog = Backlog(options.first_pause);
  for (const objects::KindInfo& kind : objects::AllKinds()) {
    if (IsLookedAfter(kind)) {
      const auto good = co_await ListKind(&kind);
      if (!good.has_value() || work.stopping()) {
        co_return good;
      }
    }
  }
  backlog.Add(graph.All());
  co_return Ok();
}

asio::awaitable<Result<void>> Collector::State::ListKind(const objects::KindInfo* kind) {
  const apiserver::ObjectPath all{.kind = kind, .ns = "", .name = ""};
  apiserver::ListOptions page{.limit = kPage};
  do {
    const auto list = registry.List(all, page);
    if (!list.has_value()) {
      co_return list.error();
    }
    for (const apiserver::Object& object : list.value().items) {
      Learn(kind, {ObjectWatch::Type::kAdded, object});
    }
    if (page.continue_token.empty()) {
      auto watch = registry.StartWatch(all, {}, list.value().revision, [this] { Wake(); });
      if (!watch.has_value()) {
        co_return watch.error();
      }
      feeds.push_back({kind, std::move(watch.value())});
    }
    page.continue_token = list.value().continue_token;
    co_await asio::post(io, asio::use_awaitable);
  } while (!page.continue_token.empty() && !work.stopping());
  co_return Ok();
}

/// All that was committed: an owner is not let go before every dependent that came before its mark is known. What came to one
/// kind while another was read may belong to that one, so it ends with a pass over all kinds in which nobody else had the thread.
asio::awaitable<Result<void>> Collector::State::TakeNews() {
  bool again = true;
  while (again && !work.stopping()) {
    again = false;
    for (const Feed& feed : feeds) {
      bool more = true;
      while (more && !work.stopping()) {
        const auto batch = feed.watch->Take(kPage);
        if (!batch.has_value()) {
          co_return batch.error();
        }
        for (const ObjectWatch::Change& change : batch.value().changes) {
          Learn(feed.kind, change);
        }
        more = batch.value().more;
        if (more) {
          again = true;
          co_await asio::post(io, asio::use_awaitable);
        }
      }
    }
  }
  co_return Ok();
}

void Collector::State::Learn(const objects::KindInfo* kind, const ObjectWatch::Change& change) {
  const bool gone = change.type == ObjectWatch::Type::kDeleted;
  const bool fresh = change.type == ObjectWatch::Type::kAdded;
  if (!gone && !OwnerGraph::MayHold(change.object) && (fresh || !graph.HoldsKind(kind))) {
    return;
  }
  auto node = ReadNode(*kind, change.object);
  if (!node.has_value()) {
    return;
  }
  const Place place = node.value().place;
  backlog.Add(gone ? graph.Remove(place, node.value().uid) : graph.Put(std::move(node.value())));
}

Result<Standing> Collector::State::LookUpOwner(const Owner& owner, const Place& dependent) {
  const objects::KindInfo* kind = objects::FindByKind(owner.api_version, owner.kind);
  if (kind == nullptr || !kind->Offers("get") || (kind->namespaced && dependent.ns.empty())) {
    return Standing::kUnknown;
  }
  const auto object =
      registry.Get({.kind = kind, .ns = kind->namespaced ? dependent.ns : "", .name = owner.name});
  if (!object.has_value()) {
    return object.error().code == Code::kNotFound ? Result<Standing>(Standing::kAbsent)
                                                  : object.error();
  }
  bytes_read += object.value().size();
  SLIPWAY_TRY(found, ReadNode(*kind, object.value()));
  return StandingOf(&found, owner);
}

/// Looks up those of a node's owners that are not known yet.
asio::awaitable<void> Collector::State::LookUpOwners(Node node, StandingsPtr known) {
  for (const Owner& owner : node.owners) {
    const std::string key = KeyOf(owner, node.place);
    if (known->contains(key)) {
      continue;
    }
    known->emplace(key, LookUpOwner(owner, node.place));
    if (bytes_read >= kBytesAtOnce) {
      bytes_read = 0;
      co_await asio::post(io, asio::use_awaitable);
    }
  }
}

asio::awaitable<void> Collector::State::Work(std::vector<Place> places) {
  std::vector<Task> tasks;
  // Of this round: many dependents have one owner.
  const auto known = std::make_shared<Standings>();
  const LookUp look_up = [known](const Owner& owner, const Place& dependent) {
    return known->at(KeyOf(owner, dependent));
  };
  for (const Place& place : places) {
    const Node* node = graph.Find(place);
    if (node != nullptr && !node->deleting) {
      co_await LookUpOwners(*node, known);
    }
    const auto judged = node != nullptr ? Judge(graph, *node, look_up)
                                        : Result<std::vector<Step>>(std::vector<Step>());
    if (!judged.has_value()) {
      Note(place, &judged.error());
    } else if (judged.value().empty()) {
      Note(place, nullptr);
    } else {
      for (const Step& step : judged.value()) {
        tasks.push_back({place, step});
      }
    }
  }
  if (tasks.empty()) {
    co_await asio::post(io, asio::use_awaitable);
  } else {
    co_await Do(std::move(tasks));
  }
}

asio::awaitable<void> Collector::State::Do(std::vector<Task> tasks) {
  const auto outcomes = std::make_shared<Outcomes>();
  std::function<void(std::function<void(bool)>)> start =
      [this, &tasks, outcomes](std::function<void(bool)> done) {
        const auto writes = std::make_shared<Writes>(
            Writes{.left = tasks.size(), .outcomes = outcomes, .done = std::move(done)});
        for (const Task& task : tasks) {
          Write(task, writes);
        }
      };
  (void)co_await http::AwaitCallback<bool>(std::move(start));
  for (const auto& [place, error] : outcomes->all()) {
    Note(place, error ? &*error : nullptr);
  }
}

void Collector::State::Write(const Task& task, const std::shared_ptr<Writes>& writes) {
  const Step& step = task.step;
  if (!step.patch.empty()) {
    registry.Patch(step.place.path(), apiserver::PatchType::kMerge, step.patch, {},
                   [of = task.of, writes](const Result<apiserver::Written>& written) {
                     writes->End(of, written.has_value() ? nullptr : &written.error());
                   });
    return;
  }
  objects::DeleteRequest request;
  request.uid = step.uid;
  request.resource_version = std::to_string(step.revision);
  request.propagation = step.propagation;
  registry.Delete(step.place.path(), request, {},
                  [this, of = task.of, writes](const Result<apiserver::Deleted>& deleted) {
                    collected += deleted.has_value() ? 1 : 0;
                    writes->End(of, deleted.has_value() ? nullptr : &deleted.error());
                  });
}

void Collector::State::Note(const Place& place, const Error* error) {
  if (error != nullptr && error->code != Code::kConflict) {
    Complain(place.kind->QualifiedPlural() + " " + place.ns + "/" + place.name + ": " +
             error->message);
  }
  backlog.Note(place, error, Now());
}

void Collector::State::Complain(const std::string& what) const {
  if (options.on_trouble) {
    options.on_trouble(what);
  }
}

Collector::Collector(asio::io_context& io, apiserver::Registry& registry, Options options)
    : state_(std::make_unique<State>(io, registry, std::move(options))) {}

Collector::~Collector() = default;

void Collector::Start() { state_->work.Start(state_->Run()); }

void Collector::Stop(std::function<void()> done) { state_->work.Stop(std::move(done)); }

std::uint64_t Collector::collected() const { return state_->collected; }

}  // namespace slipway::garbage
