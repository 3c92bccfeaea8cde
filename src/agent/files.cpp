#include "src/agent/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace slipway::agent {
namespace {

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> WriteAll(int file, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t written = ::write(file, data.data(), data.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return SystemError(path, "cannot write");
    }
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return Ok();
}

Result<std::string> ReadSome(int file, std::size_t max_bytes, const std::string& path) {
  std::string data;
  char buffer[16'384];
  while (true) {
    const ssize_t got = ::read(file, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return SystemError(path, "cannot read");
    }
    if (got == 0) {
      return data;
    }
    if (data.size() + static_cast<std::size_t>(got) > max_bytes) {
      return Fail(Code::kTooLarge,
                  path + ": has more than " + std::to_string(max_bytes) + " bytes");
    }
    data.append(buffer, static_cast<std::size_t>(got));
  }
}

struct flock WholeFile() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    Close();
    number_ = other.Release();
  }
  return *this;
}

Descriptor::~Descriptor() { Close(); }

int Descriptor::Release() { return std::exchange(number_, -1); }

void Descriptor::Close() {
  if (number_ >= 0) {
    ::close(std::exchange(number_, -1));
  }
}

Error SystemError(const std::string& path, const std::string& what) {
  const int number = errno;
  return Fail(number == ENOENT ? Code::kNotFound : Code::kInternal,
              path + ": " + what + ": " + std::strerror(number));
}

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) {
    return SystemError(path, "cannot open");
  }
  return ReadSome(file.get(), max_bytes, path);
}

Result<std::string> ReadTail(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.open()) {
    return SystemError(path, "cannot open");
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Fail(Code::kInternal, path + ": is not a regular file");
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  const std::size_t skip = size > max_bytes ? size - max_bytes : 0;
  std::string data(size - skip, '\0');
  const ssize_t got = ::pread(file.get(), data.data(), data.size(), static_cast<off_t>(skip));
  if (got < 0) {
    return SystemError(path, "cannot read");
  }
  data.resize(static_cast<std::size_t>(got));
  const std::size_t line = skip > 0 ? data.find('\n') : std::string::npos;
  return line == std::string::npos ? data : data.substr(line + 1);
}

Result<void> WriteFileAtomically(const std::string& path, std::string_view data, unsigned mode) {
  const std::string fresh = path + ".new";
  Descriptor file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.open()) {
    return SystemError(fresh, "cannot create");
  }
  SLIPWAY_TRYV(WriteAll(file.get(), data, fresh));
  if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) {
    return SystemError(fresh, "cannot make durable");
  }
  file.Close();
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return SystemError(path, "cannot replace");
  }
  return SyncDirectory(ParentOf(path));
}

Result<void> MakeDirectories(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1); true; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      return SystemError(part, "cannot make the directory");
    }
    if (slash == std::string::npos) {
      break;
    }
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return Fail(Code::kInternal, path + ": is not a directory");
  }
  return Ok();
}

Result<void> SyncDirectory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open() || ::fsync(directory.get()) != 0) {
    return SystemError(path, "cannot make durable");
  }
  return Ok();
}

Result<void> SwitchLink(const std::string& link, const std::string& target) {
  struct stat info {};
  if (::lstat(link.c_str(), &info) == 0 && !S_ISLNK(info.st_mode)) {
    return Fail(Code::kInternal, link + ": is not a symbolic link; move it away");
  }
  const std::string fresh = link + ".new";
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) {
    return SystemError(fresh, "cannot remove");
  }
  if (::symlink(target.c_str(), fresh.c_str()) != 0) {
    return SystemError(fresh, "cannot link");
  }
  if (::rename(fresh.c_str(), link.c_str()) != 0) {
    return SystemError(link, "cannot switch");
  }
  return SyncDirectory(ParentOf(link));
}

std::vector<std::string> ListDirectory(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) {
    return names;
  }
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

Result<Descriptor> TakeLock(const std::string& path, Duration patience) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.open()) {
    return SystemError(path, "cannot open the lock");
  }
  constexpr Duration kLook{20};
  struct flock lock = WholeFile();
  while (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) {
      return SystemError(path, "cannot lock");
    }
    if (patience <= Duration{0}) {
      return Fail(Code::kAlreadyExists, path + ": somebody else has this lock");
    }
    ::poll(nullptr, 0, static_cast<int>(kLook.count()));
    patience -= kLook;
  }
  return file;
}

Result<bool> IsLocked(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.open() && (errno == ENOENT || errno == ENOTDIR)) {
    return false;
  }
  struct flock lock = WholeFile();
  if (!file.open() || ::fcntl(file.get(), F_OFD_GETLK, &lock) != 0) {
    return SystemError(path, "cannot ask for its lock");
  }
  return lock.l_type != F_UNLCK;
}

}  // namespace slipway::agent
