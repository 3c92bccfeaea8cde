#include "src/store/log_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "src/store/bounds.hpp"

namespace slipway::store {
namespace {

constexpr std::array kWrites = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SELECT revision, kind, created, value FROM changes INDEXED BY changes_of_key "
    "WHERE key = ?1 ORDER BY previous DESC LIMIT 1",
    "INSERT INTO changes (revision, kind, created, previous, key, value) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    "DELETE FROM changes WHERE revision IN (SELECT previous FROM changes "
    "WHERE revision > ?1 AND revision <= ?2 AND previous > 0)",
    "DELETE FROM changes WHERE revision > ?1 AND revision <= ?2 AND kind = 2",
    "UPDATE facts SET value = ?2 WHERE name = 'compacted' AND ?1 >= 0",
};

std::int64_t KindOf(const Write& write) {
  switch (write.kind) {
    case Write::Kind::kCreate:
      return kCreated;
    case Write::Kind::kUpdate:
      return kUpdated;
    case Write::Kind::kDelete:
      return kDeleted;
  }
  return kCreated;
}

}  // namespace

LogWriter::LogWriter(std::vector<Statement> s, Revision current, Revision compacted)
    : begin_(std::move(s[0])),
      commit_(std::move(s[1])),
      rollback_(std::move(s[2])),
      latest_(std::move(s[3])),
      insert_(std::move(s[4])),
      forget_superseded_(std::move(s[5])),
      forget_deletions_(std::move(s[6])),
      set_compacted_(std::move(s[7])),
      committed_(current),
      last_(current),
      compacted_(compacted) {}

Result<std::unique_ptr<LogWriter>> LogWriter::Open(DataFile& file) {
  Database& database = file.writer();
  std::vector<Statement> statements;
  for (const char* sql : kWrites) {
    SLIPWAY_TRY(statement, database.Prepare(sql));
    statements.push_back(std::move(statement));
  }
  SLIPWAY_TRY(compacted, database.Number("SELECT value FROM facts WHERE name = 'compacted'"));
  SLIPWAY_TRY(newest, file.NewestRevision());
  return std::unique_ptr<LogWriter>(new LogWriter(std::move(statements), newest, compacted));
}

Result<void> LogWriter::Run(Statement& statement) {
  const ResetAtEnd reset(statement);
  SLIPWAY_TRYV(statement.Step());
  return Ok();
}

Result<void> LogWriter::Begin() {
  last_ = committed_;
  return Run(begin_);
}

Result<LogWriter::Latest> LogWriter::FindLatest(const std::string& key) {
  const ResetAtEnd reset(latest_);
  latest_.BindText(1, key);
  SLIPWAY_TRY(found, latest_.Step());
  Latest latest;
  if (!found) return latest;
  latest.revision = latest_.Number(0);
  if (latest_.Number(1) != kDeleted) {
    latest.create_revision = latest_.Number(2);
    latest.value = std::make_shared<const std::string>(latest_.Bytes(3));
  }
  return latest;
}

Result<void> LogWriter::Insert(const Write& write, const Event& event, Revision previous) {
  const ResetAtEnd reset(insert_);
  insert_.Bind(1, event.revision);
  insert_.Bind(2, KindOf(write));
  insert_.Bind(3, event.create_revision);
  insert_.Bind(4, previous);
  insert_.BindText(5, write.key);
  if (write.value) insert_.BindBytes(6, *write.value);
  SLIPWAY_TRYV(insert_.Step());
  return Ok();
}

Result<LogWriter::Applied> LogWriter::Apply(const Write& write) {
  SLIPWAY_TRY(latest, FindLatest(write.key));
  const bool exists = latest.create_revision != 0;
  auto allowed = CheckPrecondition(write, exists ? latest.revision : 0);
  if (!allowed) return Applied{.refused = allowed.error()};

  auto event = std::make_shared<Event>();
  event->revision = last_ + 1;
  event->key = write.key;
  event->create_revision = exists ? latest.create_revision : event->revision;
  event->previous_revision = exists ? latest.revision : 0;
  event->previous_value = latest.value;
  event->type = write.kind == Write::Kind::kDelete ? Event::Type::kDelete : Event::Type::kPut;
  event->value = write.value ? write.value : latest.value;
  SLIPWAY_TRYV(Insert(write, *event, latest.revision));
  last_ = event->revision;
  return Applied{.event = std::move(event)};
}

Result<void> LogWriter::Commit() {
  SLIPWAY_TRYV(Run(commit_));
  committed_ = last_;
  return Ok();
}

void LogWriter::Rollback() {
  last_ = committed_;
  // SQLite may have rolled back by itself; then this one has nothing to do and says so.
  (void)Run(rollback_);
}

Result<void> LogWriter::CompactBetween(Revision from, Revision to) {
  SLIPWAY_TRYV(Run(begin_));
  for (Statement* statement : {&forget_superseded_, &forget_deletions_, &set_compacted_}) {
    statement->Bind(1, from);
    statement->Bind(2, to);
    SLIPWAY_TRYV(Run(*statement));
  }
  return Run(commit_);
}

Result<void> LogWriter::CompactSome(Revision upto, Revision at_once) {
  const Revision to = std::min(upto, compacted_ + at_once);
  if (to <= compacted_) return Ok();
  auto done = CompactBetween(compacted_, to);
  if (!done) {
    Rollback();
    return done;
  }
  compacted_ = to;
  return Ok();
}

}  // namespace slipway::store
