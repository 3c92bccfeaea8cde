#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/host/journal.hpp"

namespace slipway::agent {

/// As JSON. kInvalid says what in a text does not fit; kForbidden: it is of a newer agent.
std::string EncodeJournal(const host::Journal& journal);
Result<host::Journal> DecodeJournal(const std::string& text);

/// The journal on the disk: one file, replaced whole, so that a crash leaves the old or the new
/// one. All calls block.
class JournalFile {
 public:
  explicit JournalFile(std::string path);

  /// What is there. A missing, empty or damaged file (a full disk, a lost directory) is an empty
  /// journal: what runs is found by its locks, and the control plane says the rest. A damaged one
  /// is kept beside it, and `warning` says so. kForbidden: it is of a newer agent, and left alone.
  Result<host::Journal> Load(std::string& warning);

  /// Durable when it returns.
  Result<void> Save(const host::Journal& journal);

 private:
  std::string path_;
};

}  // namespace slipway::agent
