#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "src/store/data_file.hpp"
#include "src/store/sqlite.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// Appends changes to the file and compacts it. Used by one thread. After a failure of Begin, Apply
/// or Commit, call Rollback.
class LogWriter {
 public:
  /// `file` must outlive it.
  static Result<std::unique_ptr<LogWriter>> Open(DataFile& file);

  Result<void> Begin();

  /// What became of one write.
  struct Applied {
    std::shared_ptr<const Event> event;
    std::optional<Error> refused;  ///< kAlreadyExists, kNotFound, kConflict: there is no event
  };

  /// A refusal leaves the others of the transaction alone. An Error: the file could not be read or
  /// written, and the transaction is lost.
  Result<Applied> Apply(const Write& write);

  /// Once it has succeeded everything applied since Begin is durable. After an error nobody knows.
  Result<void> Commit();
  void Rollback();

  /// Compacts at most `at_once` revisions on the way to `upto`, durably: compacted() grows to `upto`
  /// at most. Not between Begin and Commit.
  Result<void> CompactSome(Revision upto, Revision at_once);

  Revision current() const { return committed_; }    ///< of the last committed change
  Revision compacted() const { return compacted_; }  ///< durably

 private:
  /// The newest change of a key, as far as it is kept.
  struct Latest {
    Revision revision = 0;         ///< 0: none is kept
    Revision create_revision = 0;  ///< 0: the key does not exist
    Value value;
  };

  LogWriter(std::vector<Statement> statements, Revision current, Revision compacted);

  Result<Latest> FindLatest(const std::string& key);
  Result<void> Insert(const Write& write, const Event& event, Revision previous);
  Result<void> Run(Statement& statement);
  Result<void> CompactBetween(Revision from, Revision to);

  Statement begin_, commit_, rollback_, latest_, insert_, forget_superseded_, forget_deletions_,
      set_compacted_;
  Revision committed_;
  Revision last_;  ///< of the transaction at hand
  Revision compacted_;
};

}  // namespace slipway::store
