#include "src/apiserver/registry/reads.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <utility>

#include "src/apiserver/registry/continue_token.hpp"
#include "src/apiserver/registry/keys.hpp"
#include "src/apiserver/registry/selection.hpp"

namespace slipway::apiserver {
namespace {

/// Bytes of objects that are read in one go where there may be many.
constexpr std::size_t kPieceBytes = 1 << 20;

constexpr const char* kContinueExpired =
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a "
    "new list without the continue parameter, or use the continue token in this response to "
    "retrieve "
    "the remainder of the results. Continuing with the provided token results in an inconsistent "
    "list "
    "- objects that were created, modified, or deleted between the time the first chunk was "
    "returned "
    "and now may show up in the list.";

/// One list under way.
struct Walk {
  store::Store& store;
  std::string prefix;
  std::string start;
  store::Revision revision = store::kLatest;
  std::optional<std::int64_t> remaining;
};

void Append(ObjectList& list, store::Entry& entry) {
  list.items.emplace_back(std::move(entry.value), entry.revision);
}

/// The answer to a list that only one name can be in.
Result<ObjectList> ReadNamed(Walk walk, const Selection& selection) {
  const std::string key = walk.prefix + std::string(selection.RequiredName());
  SLIPWAY_TRY(page,
              walk.store.List(
                  {.prefix = walk.prefix, .start = key, .limit = 1, .revision = walk.revision}));
  ObjectList list;
  list.revision = page.revision;
  if (!page.entries.empty() && page.entries[0].key == key &&
      selection.Matches(key, page.entries[0].value)) {
    Append(list, page.entries[0]);
  }
  return list;
}

/// A list without a limit, piece by piece, of one picture.
class Pieces {
 public:
  Pieces(Walk walk, Selection selection)
      : walk_(std::move(walk)), selection_(std::move(selection)) {}

  /// The next objects that match; none: that were all.
  Result<std::vector<Object>> Next() {
    std::vector<Object> objects;
    while (objects.empty() && !done_) {
      SLIPWAY_TRY(page, walk_.store.List({.prefix = walk_.prefix,
                                          .start = walk_.start,
                                          .bytes = kPieceBytes,
                                          .revision = walk_.revision}));
      walk_.revision = page.revision;
      objects.reserve(page.entries.size());
      for (store::Entry& entry : page.entries) {
        if (selection_.Matches(entry.key, entry.value)) {
          objects.emplace_back(std::move(entry.value), entry.revision);
        }
      }
      done_ = !page.next;
      walk_.start = page.next.value_or("");
    }
    return objects;
  }

  bool done() const { return done_; }
  store::Revision revision() const {
    return walk_.revision;
  }  ///< of the picture, once a piece was read

 private:
  Walk walk_;
  Selection selection_;
  bool done_ = false;
};

/// `piece_by_piece`: all but the first piece is left for later.
Result<ObjectList> ReadUnlimited(Walk walk, Selection selection, bool piece_by_piece) {
  const auto pieces = std::make_shared<Pieces>(std::move(walk), std::move(selection));
  ObjectList list;
  SLIPWAY_TRY(first, pieces->Next());
  list.items = std::move(first);
  list.revision = pieces->revision();
  while (!pieces->done() && !piece_by_piece) {
    SLIPWAY_TRY(further, pieces->Next());
    std::ranges::move(further, std::back_inserter(list.items));
  }
  if (!pieces->done()) {
    list.more = [pieces] { return pieces->Next(); };
  }
  return list;
}

/// A page of what no selector chooses from.
Result<ObjectList> ReadPage(const Walk& walk, std::size_t limit) {
  SLIPWAY_TRY(page, walk.store.List({.prefix = walk.prefix,
                                     .start = walk.start,
                                     .limit = limit,
                                     .revision = walk.revision,
                                     .count_remaining = walk.start.empty()}));
  ObjectList list;
  list.revision = page.revision;
  list.items.reserve(page.entries.size());
  for (store::Entry& entry : page.entries) {
    Append(list, entry);
  }
  if (page.next) {
    list.remaining = page.remaining;
    if (walk.remaining && *walk.remaining > static_cast<std::int64_t>(list.items.size())) {
      list.remaining = *walk.remaining - static_cast<std::int64_t>(list.items.size());
    }
    list.continue_token = ContinueToken{.revision = page.revision,
                                        .start = page.next->substr(walk.prefix.size()),
                                        .remaining = list.remaining}
                              .Print();
  }
  return list;
}

Result<ObjectList> ReadMatchingPage(Walk walk, const Selection& selection, std::size_t limit) {
  ObjectList list;
  for (;;) {
    SLIPWAY_TRY(page, walk.store.List({.prefix = walk.prefix,
                                       .start = walk.start,
                                       .bytes = kPieceBytes,
                                       .revision = walk.revision}));
    list.revision = page.revision;
    walk.revision = page.revision;
    for (store::Entry& entry : page.entries) {
      if (!selection.Matches(entry.key, entry.value)) {
        continue;
      }
      if (list.items.size() == limit) {  // the first one that finds no room any more
        list.continue_token = ContinueToken{.revision = page.revision,
                                            .start = entry.key.substr(walk.prefix.size()),
                                            .remaining = std::nullopt}
                                  .Print();
        return list;
      }
      Append(list, entry);
    }
    if (!page.next) {
      return list;
    }
    walk.start = *page.next;
  }
}

Result<ObjectList> ReadSelected(Walk walk, Selection selection, const ListOptions& options) {
  if (options.limit == 0) {
    // An older picture may be compacted at any moment.
    const bool is_new = walk.revision == store::kLatest;
    return ReadUnlimited(std::move(walk), std::move(selection), options.piece_by_piece && is_new);
  }
  return selection.empty() ? ReadPage(walk, options.limit)
                           : ReadMatchingPage(std::move(walk), selection, options.limit);
}

class FilteredWatch : public ObjectWatch {
 public:
  using Ready = std::shared_ptr<std::function<void()>>;

  FilteredWatch(std::unique_ptr<store::Watch> watch, Selection selection, Ready ready)
      : watch_(std::move(watch)), selection_(std::move(selection)), ready_(std::move(ready)) {}

  Result<Batch> Take(std::size_t limit) override {
    SLIPWAY_TRY(taken, watch_->Take(limit));
    Batch batch{.changes = {}, .revision = taken.revision, .more = taken.more};
    batch.changes.reserve(taken.events.size());
    for (const auto& event : taken.events) {
      Translate(*event, batch.changes);
    }
    return batch;
  }

 private:
  void Translate(const store::Event& event, std::vector<Change>& changes) const {
    const bool before = selection_.Matches(event.key, event.previous_value);
    const bool after =
        event.type == store::Event::Type::kPut && selection_.Matches(event.key, event.value);
    if (after) {
      changes.push_back(
          {before ? Type::kModified : Type::kAdded, Object(event.value, event.revision)});
    } else if (before) {
      changes.push_back({Type::kDeleted, Object(event.previous_value, event.revision)});
    }
  }

  std::unique_ptr<store::Watch> watch_;
  Selection selection_;
  Ready ready_;  // the store's callback holds it weakly: nothing runs once this is destroyed
};

}  // namespace

Result<Object> ReadOne(store::Store& store, const ObjectPath& path) {
  if (!IsPossible(path)) {
    return NotFound(path);
  }
  SLIPWAY_TRY(entry, store.Get(KeyOf(path), store::kLatest));
  if (!entry) {
    return NotFound(path);
  }
  return Object(std::move(entry->value), entry->revision);
}

Error RevisionOfTheFuture(const std::string& message) {
  Error error = Fail(Code::kTimeout, "Timeout: " + message);
  error.retry_after = std::chrono::seconds(1);
  error.causes.push_back(
      {.field = "", .message = "Too large resource version", .reason = "ResourceVersionTooLarge"});
  return error;
}

Result<void> CheckNotOlder(const ObjectList& list, store::Revision not_older) {
  if (list.revision < not_older) {
    return RevisionOfTheFuture("Too large resource version: " + std::to_string(not_older) +
                               ", current: " + std::to_string(list.revision));
  }
  return Ok();
}

Result<ObjectList> ReadList(store::Store& store, const ObjectPath& path,
                            const ListOptions& options) {
  SLIPWAY_TRY(selection, Selection::Parse(*path.kind, options.selectors));
  Walk walk{.store = store,
            .prefix = PrefixOf(path),
            .start = "",
            .revision = options.revision,
            .remaining = std::nullopt};
  if (!options.continue_token.empty()) {
    SLIPWAY_TRY(token, ContinueToken::Parse(options.continue_token));
    walk.start = walk.prefix + token.start;
    walk.revision = token.revision;
    walk.remaining = token.remaining;
  }
  const bool one_space = !path.kind->namespaced || !path.ns.empty();
  if (one_space && !selection.RequiredName().empty()) {
    return ReadNamed(std::move(walk), selection);
  }
  auto list = ReadSelected(std::move(walk), std::move(selection), options);
  if (!list.has_value() && list.error().code == Code::kExpired) {
    return Fail(Code::kExpired, options.continue_token.empty()
                                    ? "The resourceVersion for the provided list is too old."
                                    : kContinueExpired);
  }
  if (!list.has_value() && list.error().code == Code::kTimeout) {
    return RevisionOfTheFuture(list.error().message);
  }
  return list;
}

std::string AfterExpiry(const std::string& continue_token) {
  auto token = ContinueToken::Parse(continue_token);
  if (!token.has_value()) {
    return "";
  }
  token.value().revision = store::kLatest;
  token.value().remaining = std::nullopt;
  return token.value().Print();
}

Result<std::unique_ptr<ObjectWatch>> WatchChanges(store::Store& store, const Post& post,
                                                  const ObjectPath& path,
                                                  const Selectors& selectors, store::Revision after,
                                                  std::function<void()> ready) {
  SLIPWAY_TRY(selection, Selection::Parse(*path.kind, selectors));
  auto shared = std::make_shared<std::function<void()>>(std::move(ready));
  const std::weak_ptr<std::function<void()>> weak = shared;
  auto watch = store.StartWatch(PrefixOf(path), after, [post, weak] {
    post([weak] {
      if (const auto alive = weak.lock()) {
        (*alive)();
      }
    });
  });
  if (!watch.has_value()) {
    return watch.error().code == Code::kTimeout ? RevisionOfTheFuture(watch.error().message)
                                                : watch.error();
  }
  return std::unique_ptr<ObjectWatch>(std::make_unique<FilteredWatch>(
      std::move(watch.value()), std::move(selection), std::move(shared)));
}

}  // namespace slipway::apiserver
