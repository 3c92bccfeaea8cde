#include "src/store/sqlite_store.hpp"

#include <type_traits>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "src/store/bounds.hpp"
#include "src/store/data_file.hpp"
#include "src/store/log_reader.hpp"
#include "src/store/log_writer.hpp"
#include "src/store/watch_hub.hpp"
#include "src/store/writer_thread.hpp"

namespace slipway::store {
namespace {

// Each try fails only if compaction has just overtaken the newest revision of the moment before.
constexpr int kTriesToReadNewest = 100;

}  // namespace

/// What a store is made of, in the order in which it is built; it is taken down in reverse.
class SqliteStore::Machinery {
 public:
  Machinery(DataFile data_file, std::unique_ptr<ReaderSet> reader_set,
            std::unique_ptr<LogWriter> log, const Options& options)
      : file(std::move(data_file)),
        readers(std::move(reader_set)),
        hub({.events = options.recent_events, .bytes = options.recent_bytes}, log->current(),
            [this](const std::string& prefix, Revision after, Revision upto, std::size_t limit) {
              return readers->Borrow()->Changes(prefix, after, upto, limit);
            }),
        writer(std::move(log), file.incarnation(), hub, options) {}

  /// Reads as of `at`, or of the newest published revision. `read` is called with a LogReader and
  /// the revision.
  template <typename Read>
  auto ReadAsOf(Revision at, Read read) -> std::invoke_result_t<Read, LogReader&, Revision> {
    for (int i = 0; i < kTriesToReadNewest; ++i) {
      const Revision current = hub.current();
      const Revision revision = at == kLatest ? current : at;
      SLIPWAY_TRYV(CheckRevision(revision, 0, current));
      auto result = read(*readers->Borrow(), revision);
      if (result || at != kLatest || result.error().code != Code::kExpired) return result;
    }
    return Fail(Code::kUnavailable, "compaction outran every read: try again");
  }

  DataFile file;
  std::unique_ptr<ReaderSet> readers;
  WatchHub hub;
  WriterThread writer;
};

SqliteStore::SqliteStore(std::unique_ptr<Machinery> machinery) : machinery_(std::move(machinery)) {}

SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(Options options) {
  SLIPWAY_ASSERT(options.clock != nullptr && options.readers > 0 && options.batch_writes > 0,
                 "options of a store");
  SLIPWAY_TRY(file, DataFile::Open(options.path, options.clock->Now()));
  SLIPWAY_TRY(log, LogWriter::Open(file));
  SLIPWAY_TRY(readers, ReaderSet::Open(file, options.readers));
  auto machinery =
      std::make_unique<Machinery>(std::move(file), std::move(readers), std::move(log), options);
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(machinery)));
}

void SqliteStore::Commit(Write write, CommitDone done) {
  machinery_->writer.Commit(std::move(write), std::move(done));
}

Result<std::optional<Entry>> SqliteStore::Get(const std::string& key, Revision at) {
  return machinery_->ReadAsOf(
      at, [&](LogReader& reader, Revision revision) { return reader.Get(key, revision); });
}

Result<Page> SqliteStore::List(const ListRequest& request) {
  return machinery_->ReadAsOf(request.revision, [&](LogReader& reader, Revision revision) {
    return reader.List(request, revision);
  });
}

Result<std::unique_ptr<Watch>> SqliteStore::StartWatch(std::string prefix, Revision after,
                                                       std::function<void()> ready) {
  if (after != kLatest) {
    SLIPWAY_TRYV(CheckRevision(after, machinery_->writer.compacted(), machinery_->hub.current()));
  }
  return machinery_->hub.Start(std::move(prefix), after, std::move(ready));
}

Result<Revision> SqliteStore::CurrentRevision() { return machinery_->hub.current(); }

Result<void> SqliteStore::Compact(Revision upto) {
  SLIPWAY_TRYV(CheckRevision(upto, 0, machinery_->hub.current()));
  return machinery_->writer.Compact(upto);
}

const Incarnation& SqliteStore::incarnation() const { return machinery_->file.incarnation(); }

}  // namespace slipway::store
