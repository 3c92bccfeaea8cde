#include "src/store/memory_store.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "src/store/bounds.hpp"
#include "src/store/listener.hpp"

namespace slipway::store {
struct MemoryStore::State {
  std::mutex mutex;
  Revision current = kFirstRevision;
  Revision compacted = 0;
  std::vector<std::shared_ptr<const Event>> history;  ///< ordered by revision

  /// The versions of each key, oldest first; nullopt: deleted.
  std::map<std::string, std::vector<std::pair<Revision, std::optional<Entry>>>> versions;
  std::vector<std::weak_ptr<Listener>> listeners;

  std::optional<Entry> At(const std::string& key, Revision at) const {
    const auto found = versions.find(key);
    if (found == versions.end()) return std::nullopt;
    std::optional<Entry> entry;
    for (const auto& [revision, version] : found->second) {
      if (revision <= at) entry = version;
    }
    return entry;
  }

  Event Apply(const Write& write, const std::optional<Entry>& before) {
    Event event;
    event.key = write.key;
    event.revision = ++current;
    event.create_revision = before ? before->create_revision : event.revision;
    event.previous_revision = before ? before->revision : 0;
    event.previous_value = before ? before->value : nullptr;
    if (write.kind == Write::Kind::kDelete) {
      event.type = Event::Type::kDelete;
      event.value = event.previous_value;
      versions[write.key].emplace_back(event.revision, std::nullopt);
    } else {
      event.value = write.value;
      versions[write.key].emplace_back(
          event.revision, Entry{write.key, event.value, event.create_revision, event.revision});
    }
    history.push_back(std::make_shared<const Event>(event));
    return event;
  }

  std::vector<std::shared_ptr<Listener>> TakeArmed(const std::string& key) {
    std::vector<std::shared_ptr<Listener>> armed;
    std::erase_if(listeners, [&](const std::weak_ptr<Listener>& weak) {
      auto listener = weak.lock();
      if (listener && listener->armed && key.starts_with(listener->prefix)) {
        listener->armed = false;
        armed.push_back(listener);
      }
      return listener == nullptr;
    });
    return armed;
  }

  /// A Watch that looks through the whole history at each Take.
  class Reader : public Watch {
   public:
    Reader(std::shared_ptr<State> state, std::shared_ptr<Listener> listener, Revision position)
        : state_(std::move(state)), listener_(std::move(listener)), position_(position) {}

    ~Reader() override { listener_->End(); }

    Result<Batch> Take(std::size_t limit) override {
      const std::lock_guard lock(state_->mutex);
      if (error_) return *error_;
      if (auto checked = CheckRevision(position_, state_->compacted, state_->current); !checked) {
        error_ = checked.error();
        return *error_;
      }
      Batch batch{.revision = state_->current};
      std::size_t bytes = 0;
      for (const auto& event : state_->history) {
        if (event->revision <= position_ || !event->key.starts_with(listener_->prefix)) continue;
        if (batch.events.size() == limit || bytes > kLargestBatch) {
          batch.more = true;
          batch.revision = batch.events.back()->revision;
          break;
        }
        bytes += event->value->size();
        batch.events.push_back(event);
      }
      position_ = batch.revision;
      listener_->armed = !batch.more;
      return batch;
    }

   private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Listener> listener_;
    Revision position_;
    std::optional<Error> error_;
  };
};

MemoryStore::MemoryStore(Incarnation incarnation)
    : incarnation_(std::move(incarnation)), state_(std::make_shared<State>()) {}

MemoryStore::~MemoryStore() = default;

void MemoryStore::Commit(Write write, CommitDone done) {
  Result<Revision> result = Revision{0};
  std::vector<std::shared_ptr<Listener>> armed;
  if (auto shape = CheckShape(write); !shape) {
    result = shape.error();
  } else {
    const std::lock_guard lock(state_->mutex);
    const auto before = state_->At(write.key, state_->current);
    if (auto allowed = CheckPrecondition(write, before ? before->revision : 0); !allowed) {
      result = allowed.error();
    } else {
      result = state_->Apply(write, before).revision;
      armed = state_->TakeArmed(write.key);
    }
  }
  for (const auto& listener : armed) listener->Call();
  done(std::move(result));
}

Result<std::optional<Entry>> MemoryStore::Get(const std::string& key, Revision at) {
  const std::lock_guard lock(state_->mutex);
  if (at == kLatest) at = state_->current;
  SLIPWAY_TRYV(CheckRevision(at, state_->compacted, state_->current));
  return state_->At(key, at);
}

Result<Page> MemoryStore::List(const ListRequest& request) {
  const std::lock_guard lock(state_->mutex);
  Page page;
  page.revision = request.revision == kLatest ? state_->current : request.revision;
  SLIPWAY_TRYV(CheckRevision(page.revision, state_->compacted, state_->current));
  if (request.count_remaining) page.remaining = 0;
  const std::string& first = std::max(request.prefix, request.start);
  std::size_t bytes = 0;
  for (auto each = state_->versions.lower_bound(first);
       each != state_->versions.end() && each->first.starts_with(request.prefix); ++each) {
    auto entry = state_->At(each->first, page.revision);
    if (!entry) continue;
    if (HasRoom(request, page.entries.size(), bytes)) {
      bytes += entry->value->size();
      page.entries.push_back(std::move(*entry));
      continue;
    }
    if (!page.next) page.next = each->first;
    if (!page.remaining) break;
    ++*page.remaining;
  }
  return page;
}

Result<std::unique_ptr<Watch>> MemoryStore::StartWatch(std::string prefix, Revision after,
                                                       std::function<void()> ready) {
  const std::lock_guard lock(state_->mutex);
  if (after == kLatest) after = state_->current;
  SLIPWAY_TRYV(CheckRevision(after, state_->compacted, state_->current));
  auto listener = std::make_shared<Listener>();
  listener->ready = std::move(ready);
  listener->prefix = std::move(prefix);
  state_->listeners.push_back(listener);
  return std::unique_ptr<Watch>(std::make_unique<State::Reader>(state_, listener, after));
}

Result<Revision> MemoryStore::CurrentRevision() {
  const std::lock_guard lock(state_->mutex);
  return state_->current;
}

Result<void> MemoryStore::Compact(Revision upto) {
  const std::lock_guard lock(state_->mutex);
  if (upto > state_->current) return CheckRevision(upto, state_->compacted, state_->current);
  if (upto <= state_->compacted) return Ok();
  state_->compacted = upto;
  std::erase_if(state_->history, [&](const auto& event) { return event->revision <= upto; });
  for (auto each = state_->versions.begin(); each != state_->versions.end();) {
    auto& versions = each->second;
    while (versions.size() > 1 && versions[1].first <= upto) versions.erase(versions.begin());
    const bool forgotten = versions.front().first <= upto && !versions.front().second;
    if (forgotten) versions.erase(versions.begin());
    each = versions.empty() ? state_->versions.erase(each) : std::next(each);
  }
  return Ok();
}

}  // namespace slipway::store
