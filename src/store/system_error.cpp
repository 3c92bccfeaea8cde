#include "src/store/system_error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace slipway::store {

Error SystemError(const std::string& what, int number) {
  const std::string message = what + ": " + std::strerror(number);
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return Fail(Code::kForbidden, message +
                                        ": give this user the right to write there, or choose "
                                        "another data directory");
    case ENOENT:
    case ENOTDIR:
      return Fail(Code::kNotFound, message + ": make the directory first");
    case ENOSPC:
    case EDQUOT:
      return Fail(Code::kUnavailable, message + ": free some space");
    default:
      return Fail(Code::kInternal, message);
  }
}

Result<void> SyncDirectory(const std::string& path) {
  const std::string directory = std::filesystem::absolute(path).parent_path();
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return SystemError(directory, errno);
  const int failed = fsync(descriptor);
  const int number = errno;
  close(descriptor);
  if (failed) return SystemError(directory, number);
  return Ok();
}

}  // namespace slipway::store
