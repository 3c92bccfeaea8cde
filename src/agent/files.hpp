#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

/// Files, as somebody needs them whose power may fail at any moment. All of these block. Errors
/// name the path and say what the system said.
namespace slipway::agent {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return number_; }
  bool open() const { return number_ >= 0; }
  int Release();
  void Close();

 private:
  int number_ = -1;
};

/// "PATH: what: No such file or directory", as kNotFound where errno says so and kInternal
/// otherwise.
Error SystemError(const std::string& path, const std::string& what);

/// The whole file; kTooLarge above `max_bytes`, kNotFound where there is none.
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

/// The last `max_bytes` of a file, from the start of a line where the file is longer.
Result<std::string> ReadTail(const std::string& path, std::size_t max_bytes);

/// Replaces a file so that after a crash it holds the old or the new bytes: a temporary one beside
/// it, fsync, rename, fsync of the directory.
Result<void> WriteFileAtomically(const std::string& path, std::string_view data, unsigned mode);

/// Makes a directory and those above it; fine where it is there already.
Result<void> MakeDirectories(const std::string& path, unsigned mode = 0755);

/// Makes what was created, renamed or removed in a directory durable.
Result<void> SyncDirectory(const std::string& path);

/// Points the symbolic link `link` to `target` in one step (a fresh link is renamed over it) and
/// makes that durable. Refused where `link` is something other than a link.
Result<void> SwitchLink(const std::string& link, const std::string& target);

/// Names in a directory, ordered; empty where there is none.
std::vector<std::string> ListDirectory(const std::string& path);

/// Takes the lock of a file for as long as the descriptor, or one inherited from it, is open;
/// kAlreadyExists where somebody else has it, also after waiting for `patience`. The file is created
/// when it is missing.
Result<Descriptor> TakeLock(const std::string& path, Duration patience = Duration{0});

/// Whether somebody has the lock of this file; false where there is no such file. Asks without
/// taking it. An error: nobody knows.
Result<bool> IsLocked(const std::string& path);

}  // namespace slipway::agent
