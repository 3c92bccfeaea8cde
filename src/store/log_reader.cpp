#include "src/store/log_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "src/store/bounds.hpp"

namespace slipway::store {
namespace {

constexpr std::array kReads = {
    "BEGIN",
    "COMMIT",
    "SELECT value FROM facts WHERE name = 'compacted'",
    // `previous` grows along the changes of a key, so the first row that is old enough is newest.
    "SELECT revision FROM changes INDEXED BY changes_of_key "
    "WHERE key = ?1 AND revision <= ?2 ORDER BY previous DESC LIMIT 1",
    "SELECT kind, created, value FROM changes WHERE revision = ?1",
    "SELECT kind FROM changes WHERE revision = ?1",
    "SELECT key, revision FROM changes INDEXED BY changes_of_key "
    "WHERE key >= ?1 AND key < ?2 AND revision <= ?3 ORDER BY key, previous",
    "SELECT c.revision, c.kind, c.created, c.previous, c.key, c.value, p.value "
    "FROM changes AS c NOT INDEXED LEFT JOIN changes AS p "
    "ON c.kind <> 0 AND p.revision = c.previous "
    "WHERE c.revision > ?1 AND c.revision <= ?2 AND c.key >= ?3 AND c.key < ?4 "
    "ORDER BY c.revision",
};

Value Share(std::string_view bytes) { return std::make_shared<const std::string>(bytes); }

std::shared_ptr<const Event> ToEvent(const Statement& row) {
  auto event = std::make_shared<Event>();
  const std::int64_t kind = row.Number(1);
  event->revision = row.Number(0);
  event->create_revision = row.Number(2);
  event->key = row.Bytes(4);
  if (kind != kCreated) {
    event->previous_revision = row.Number(3);
    event->previous_value = Share(row.Bytes(6));
  }
  event->type = kind == kDeleted ? Event::Type::kDelete : Event::Type::kPut;
  event->value = kind == kDeleted ? event->previous_value : Share(row.Bytes(5));
  return event;
}

}  // namespace

/// The read transaction, from a successful Begin to the end of a call.
class LogReader::Picture {
 public:
  explicit Picture(Statement& end) : end_(end) {}
  ~Picture() {
    // The end of a read transaction has nothing to lose; a failure shows at the next Begin.
    (void)end_.Step();
    end_.Reset();
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

 private:
  Statement& end_;
};

LogReader::LogReader(Database database, std::vector<Statement> s)
    : database_(std::make_unique<Database>(std::move(database))),
      begin_(std::move(s[0])),
      end_(std::move(s[1])),
      compacted_(std::move(s[2])),
      newest_(std::move(s[3])),
      entry_(std::move(s[4])),
      kind_(std::move(s[5])),
      keys_(std::move(s[6])),
      changes_(std::move(s[7])) {}

Result<std::unique_ptr<LogReader>> LogReader::Open(const DataFile& file) {
  SLIPWAY_TRY(database, file.OpenReader());
  std::vector<Statement> statements;
  for (const char* sql : kReads) {
    SLIPWAY_TRY(statement, database.Prepare(sql));
    statements.push_back(std::move(statement));
  }
  return std::unique_ptr<LogReader>(new LogReader(std::move(database), std::move(statements)));
}

Result<void> LogReader::Begin(Revision at) {
  const ResetAtEnd reset_begin(begin_);
  const ResetAtEnd reset_compacted(compacted_);
  SLIPWAY_TRYV(begin_.Step());
  // The picture is taken here, at the first read.
  SLIPWAY_TRY(found, compacted_.Step());
  return CheckRevision(at, found ? compacted_.Number(0) : 0, at);
}

Result<std::optional<Entry>> LogReader::ReadEntry(const std::string& key, Revision revision) {
  const ResetAtEnd reset(entry_);
  entry_.Bind(1, revision);
  SLIPWAY_TRY(found, entry_.Step());
  if (!found || entry_.Number(0) == kDeleted) return std::optional<Entry>();
  return std::optional<Entry>(Entry{key, Share(entry_.Bytes(2)), entry_.Number(1), revision});
}

Result<bool> LogReader::Exists(Revision revision) {
  const ResetAtEnd reset(kind_);
  kind_.Bind(1, revision);
  SLIPWAY_TRY(found, kind_.Step());
  return found && kind_.Number(0) != kDeleted;
}

Result<std::optional<Entry>> LogReader::Get(const std::string& key, Revision at) {
  const Picture picture(end_);
  SLIPWAY_TRYV(Begin(at));
  Revision revision = 0;
  {
    const ResetAtEnd reset(newest_);
    newest_.BindText(1, key);
    newest_.Bind(2, at);
    SLIPWAY_TRY(found, newest_.Step());
    if (!found) return std::optional<Entry>();
    revision = newest_.Number(0);
  }
  return ReadEntry(key, revision);
}

/// A page that is being made.
struct LogReader::Filling {
  const ListRequest& request;
  Page page{};
  std::size_t bytes = 0;  ///< of its values
};

/// Adds one key, whose newest revision is known, to the page, or to what comes after it.
Result<void> LogReader::Visit(Filling& filling, std::string key, Revision newest) {
  Page& page = filling.page;
  if (HasRoom(filling.request, page.entries.size(), filling.bytes)) {
    SLIPWAY_TRY(entry, ReadEntry(key, newest));
    if (entry) {
      filling.bytes += entry->value->size();
      page.entries.push_back(std::move(*entry));
    }
    return Ok();
  }
  SLIPWAY_TRY(exists, Exists(newest));
  if (!exists) return Ok();
  if (!page.next) page.next = std::move(key);
  if (page.remaining) ++*page.remaining;
  return Ok();
}

Result<Page> LogReader::List(const ListRequest& request, Revision at) {
  const Picture picture(end_);
  SLIPWAY_TRYV(Begin(at));
  Filling filling{.request = request};
  Page& page = filling.page;
  page.revision = at;
  if (request.count_remaining) page.remaining = 0;
  const std::string end = PrefixEnd(request.prefix);
  const ResetAtEnd reset(keys_);
  keys_.BindText(1, std::max(request.prefix, request.start));
  keys_.BindText(2, end);
  keys_.Bind(3, at);
  // The changes of one key come one after the other, the newest last.
  std::string key;
  Revision newest = 0;
  while (true) {
    SLIPWAY_TRY(found, keys_.Step());
    if (!found || keys_.Bytes(0) != key) {
      if (newest != 0) {
        SLIPWAY_TRYV(Visit(filling, key, newest));
      }
      if (!found || (page.next && !page.remaining)) return std::move(page);
      key = keys_.Bytes(0);
    }
    newest = keys_.Number(1);
  }
}

Result<History> LogReader::Changes(const std::string& prefix, Revision after, Revision upto,
                                   std::size_t limit) {
  const Picture picture(end_);
  SLIPWAY_TRYV(Begin(after));
  const std::string end = PrefixEnd(prefix);
  const ResetAtEnd reset(changes_);
  changes_.Bind(1, after);
  changes_.Bind(2, upto);
  changes_.BindText(3, prefix);
  changes_.BindText(4, end);
  History history;
  std::size_t bytes = 0;
  while (history.events.size() < limit && bytes < kLargestBatch) {
    SLIPWAY_TRY(found, changes_.Step());
    if (!found) {
      history.complete_to = upto;
      return history;
    }
    history.events.push_back(ToEvent(changes_));
    bytes += history.events.back()->value->size();
  }
  history.complete_to = history.events.back()->revision;
  return history;
}

Result<std::unique_ptr<ReaderSet>> ReaderSet::Open(const DataFile& file, std::size_t count) {
  auto set = std::make_unique<ReaderSet>();
  for (std::size_t i = 0; i < count; ++i) {
    SLIPWAY_TRY(reader, LogReader::Open(file));
    set->free_.push_back(std::move(reader));
  }
  return set;
}

ReaderSet::Lease ReaderSet::Borrow() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [this] { return !free_.empty(); });
  Lease lease(*this, std::move(free_.back()));
  free_.pop_back();
  return lease;
}

ReaderSet::Lease::~Lease() {
  if (!reader_) return;
  {
    const std::lock_guard lock(set_->mutex_);
    set_->free_.push_back(std::move(reader_));
  }
  set_->freed_.notify_one();
}

}  // namespace slipway::store
