#include "src/store/life_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "src/store/system_error.hpp"

namespace slipway::store {
namespace {

/// Writes `text` to a new file and waits until it is on the disk; the error number, or 0.
int WriteNew(const std::string& path, const std::string& text) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno;
  errno = ENOSPC;  // what a write that is cut short means
  const bool written =
      write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(descriptor) == 0;
  const int number = errno;
  close(descriptor);
  return written ? 0 : number;
}

}  // namespace

std::string LifePath(const std::string& data_file) { return data_file + "-life"; }

std::optional<Life> ReadLife(const std::string& path) {
  std::ifstream file(path);
  Life life;
  constexpr const char* kSigns = "0123456789abcdefTZ-";
  const bool read = file >> life.incarnation.value >> life.reached &&
                    life.incarnation.value.find_first_not_of(kSigns) == std::string::npos;
  return read ? std::optional(life) : std::nullopt;
}

Result<void> WriteLife(const std::string& path, const Life& life) {
  const std::string next = path + "-new";
  const std::string text = life.incarnation.value + " " + std::to_string(life.reached) + "\n";
  if (const int number = WriteNew(next, text); number != 0) return SystemError(next, number);
  if (std::rename(next.c_str(), path.c_str()) != 0) return SystemError(path, errno);
  return SyncDirectory(path);
}

}  // namespace slipway::store
