#include "src/process/small_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace slipway::process {
namespace {

/// A file that is open, closed in the end.
class OpenFile {
 public:
  /// Never waits, as for somebody who writes into a pipe.
  explicit OpenFile(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {}
  ~OpenFile() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int number() const { return number_; }

 private:
  const int number_;
};

Error NoFile(const std::string& path) {
  return {.code = Code::kInvalid, .message = path + " is no file"};
}

/// Why a file could not be opened.
Error WithoutFile(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    return {.code = Code::kNotFound, .message = path + " is not there"};
  }
  if (error == ENXIO) {
    return NoFile(path);  // A socket.
  }
  return {.code = Code::kForbidden, .message = path + " cannot be opened: " + std::strerror(error)};
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes) {
  const OpenFile file(path);
  if (file.number() < 0) {
    return WithoutFile(path, errno);
  }
  struct stat about {};
  // A device as well: /dev/null is how people say "none".
  if (::fstat(file.number(), &about) != 0 || (!S_ISREG(about.st_mode) && !S_ISCHR(about.st_mode))) {
    return NoFile(path);
  }
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t size = ::read(file.number(), part.data(), part.size());
    if (size == 0) {
      return text;
    }
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return Fail(Code::kUnavailable, path + " cannot be read to its end");
    }
    text.append(part.data(), static_cast<std::size_t>(size));
    if (text.size() > max_bytes) {
      return Fail(Code::kTooLarge, path + " has more than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

}  // namespace slipway::process
