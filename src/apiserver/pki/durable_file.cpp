#include "src/apiserver/pki/durable_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

namespace slipway::apiserver {
namespace {

Error Failed(const std::string& what, const std::string& path) {
  return Fail(Code::kInternal, "cannot " + what + " " + path + ": " + std::strerror(errno));
}

/// A descriptor that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) {
      close(descriptor_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

bool WriteAll(int descriptor, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = write(descriptor, text.data() + written, text.size() - written);
    if (count < 0 && errno != EINTR) {
      return false;
    }
    written += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return true;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) {
      return Fail(Code::kNotFound, "there is no file " + path);
    }
    return Failed("open", path);
  }
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) {
    return Failed("read", path);
  }
  return text;
}

Result<void> ReplaceFile(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  {
    const File file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.descriptor() < 0 || fchmod(file.descriptor(), 0600) != 0 ||
        !WriteAll(file.descriptor(), text) || fsync(file.descriptor()) != 0) {
      return Failed("write", fresh);
    }
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    return Failed("replace", path);
  }
  const std::string folder = path.substr(0, path.find_last_of('/') + 1);
  const File directory(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (directory.descriptor() < 0 || fsync(directory.descriptor()) != 0) {
    return Failed("make durable", folder);
  }
  return Ok();
}

}  // namespace slipway::apiserver
