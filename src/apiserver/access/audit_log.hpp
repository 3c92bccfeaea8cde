#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::apiserver {

/// A file of lines that grows at its end and is rotated: FILE, then FILE.1, FILE.2, … from the newest to
/// the oldest. One thread writes; whoever has a line only queues it. What cannot be written waits for as
/// long as there is room, and what is lost then is counted, said, and noted in the file itself once it
/// can be written again. Lines reach the operating system within milliseconds; they are not synced.
/// Thread-safe.
class AuditLog {
 public:
  struct Options {
    std::string path;
    std::uint64_t max_bytes = 100'000'000;  ///< of one file; above it the next one begins
    std::size_t max_backups = 10;           ///< files beside the newest
    std::size_t max_queued = 16'384;        ///< lines that wait; one more is lost

    /// Told, on the writing thread, when lines begin to wait, and when they are written again. May be empty.
    std::function<void(const std::string& what)> on_trouble{};
    std::function<void()> on_recovery{};
  };

  struct Counts {
    std::uint64_t written = 0;
    std::uint64_t lost = 0;
    std::size_t queued = 0;
    bool failing = false;  ///< the last attempt to write failed
  };

  /// kInvalid: the file cannot be opened, and why.
  static Result<std::unique_ptr<AuditLog>> Open(Options options);

  /// Tries once more to write what waits.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// `line` without its newline. Never waits for the disk.
  void Add(std::string line);

  Counts counts() const;

 private:
  struct State;
  explicit AuditLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::apiserver
