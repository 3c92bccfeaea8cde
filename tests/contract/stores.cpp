#include "tests/contract/stores.hpp"

#include <cstdlib>
#include <future>
#include <utility>

#include "src/store/faulty_store.hpp"
#include "src/store/memory_store.hpp"
#include "src/store/sqlite_store.hpp"

namespace slipway::store {
namespace {

constexpr std::size_t kTakeAtOnce = 3;  // few, so that batches end in the middle

class InMemory : public StoreUnderTest {
 public:
  Store& store() override { return store_; }

 private:
  MemoryStore store_{Incarnation("memory")};
};

class BehindFaults : public StoreUnderTest {
 public:
  Store& store() override { return faulty_; }

 private:
  MemoryStore memory_{Incarnation("memory")};
  FaultyStore faulty_{memory_, Rng(1), {}};
};

class OnSqlite : public StoreUnderTest {
 public:
  explicit OnSqlite(SqliteStore::Options options) {
    options.path = directory_ / "store.db";
    options.clock = &clock_;
    auto opened = SqliteStore::Open(options);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(opened.value());
  }
  Store& store() override { return *store_; }

 private:
  TemporaryDirectory directory_;
  ManualClock clock_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string path = std::filesystem::temp_directory_path() / "slipway-store-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp " + path);
  path_ = path;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

MonoTime ManualClock::Mono() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

void ManualClock::Advance(Duration by) {
  const std::lock_guard lock(mutex_);
  now_ = now_ + by;
}

std::vector<Kind> AllKinds() {
  SqliteStore::Options forgetful;
  forgetful.recent_events = 2;
  forgetful.readers = 1;
  forgetful.batch_writes = 3;
  return {
      {"Memory", [] { return std::make_unique<InMemory>(); }},
      {"Faulty", [] { return std::make_unique<BehindFaults>(); }},
      {"Sqlite", [] { return std::make_unique<OnSqlite>(SqliteStore::Options{}); }},
      {"SqliteForgetful", [=] { return std::make_unique<OnSqlite>(forgetful); }},
  };
}

Result<Revision> Do(Store& store, Write write) {
  auto promise = std::make_shared<std::promise<Result<Revision>>>();
  auto future = promise->get_future();
  store.Commit(std::move(write),
               [promise](Result<Revision> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(kPatience) != std::future_status::ready) {
    throw std::runtime_error("a write was never answered");
  }
  return future.get();
}

Result<Revision> Create(Store& store, const std::string& key, const std::string& value) {
  return Do(store, {.kind = Write::Kind::kCreate,
                    .key = key,
                    .value = std::make_shared<const std::string>(value)});
}

Result<Revision> Update(Store& store, const std::string& key, const std::string& value,
                        Revision expected) {
  return Do(store, {.kind = Write::Kind::kUpdate,
                    .key = key,
                    .value = std::make_shared<const std::string>(value),
                    .expected = expected});
}

Result<Revision> Delete(Store& store, const std::string& key, Revision expected) {
  return Do(store, {.kind = Write::Kind::kDelete, .key = key, .expected = expected});
}

std::function<void()> Bell::Ring() {
  return [this] {
    const std::lock_guard lock(mutex_);
    ++rung_;
    condition_.notify_all();
  };
}

void Bell::Wait() {
  std::unique_lock lock(mutex_);
  if (!condition_.wait_for(lock, kPatience, [this] { return rung_ > heard_; })) {
    throw std::runtime_error("the watch never said that there is something to take");
  }
  heard_ = rung_;
}

int Bell::rung() const {
  const std::lock_guard lock(mutex_);
  return rung_;
}

Follower::Follower(Store& store, const std::string& prefix, Revision after) : revision_(after) {
  auto watch = store.StartWatch(prefix, after, bell_.Ring());
  if (!watch) throw std::runtime_error(watch.error().message);
  watch_ = std::move(watch.value());
}

void Follower::Until(Revision revision) {
  while (true) {
    auto batch = watch_->Take(kTakeAtOnce);
    if (!batch) throw std::runtime_error(batch.error().message);
    for (auto& event : batch.value().events) events_.push_back(std::move(event));
    revision_ = batch.value().revision;
    if (revision_ >= revision) return;
    if (!batch.value().more) bell_.Wait();
  }
}

std::string Brief(const Event& event) {
  switch (event.type) {
    case Event::Type::kDelete:
      return "-" + event.key + "=" + *event.value;
    case Event::Type::kPut:
      if (event.created()) return "+" + event.key + "=" + *event.value;
      return "~" + event.key + "=" + *event.previous_value + ">" + *event.value;
  }
  return "?";
}

std::vector<std::string> Brief(const std::vector<std::shared_ptr<const Event>>& events) {
  std::vector<std::string> brief;
  for (const auto& event : events) brief.push_back(Brief(*event));
  return brief;
}

std::vector<std::string> Brief(const std::vector<Entry>& entries) {
  std::vector<std::string> brief;
  for (const auto& entry : entries) brief.push_back(entry.key + "=" + *entry.value);
  return brief;
}

}  // namespace slipway::store
