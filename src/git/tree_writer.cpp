#include "src/git/tree_writer.hpp"

#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "src/git/libgit2.hpp"
#include "src/git/problem.hpp"

namespace slipway::git {
namespace {

constexpr std::size_t kMaxLinkBytes = 4095;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error DiskError(const std::string& path) {
  const int failure = errno;
  if (failure == EEXIST) {
    return MakeError(Problem::kUnsafeTree,
                     path +
                         " is there twice: the tree names it more than once, or "
                         "the folder to write to was not empty");
  }
  return MakeError(Problem::kInternal, "cannot write " + path + ": " + std::strerror(failure) +
                                           (failure == ENOSPC ? ": free some of the disk" : ""));
}

Error Unsafe(const std::string& path, const std::string& why) {
  return MakeError(Problem::kUnsafeTree, path + ": " + why);
}

class Writer {
 public:
  Writer(git_repository* repository, git_odb* database, const CheckoutLimits& limits)
      : repository_(repository), database_(database), limits_(limits) {}

  Result<void> WriteFolder(const git_oid& id, int folder, const std::string& path,
                           std::uint32_t depth);
  const Written& written() const { return written_; }

 private:
  Result<void> WriteEntry(const git_tree_entry* entry, int folder, const std::string& path,
                          std::uint32_t depth);
  Result<void> WriteFile(const std::string& bytes, int folder, const char* name,
                         const std::string& path, bool executable);
  Result<std::string> Read(const git_oid& id, const std::string& path);
  Result<void> Count(const std::string& path);

  git_repository* repository_;
  git_odb* database_;
  const CheckoutLimits& limits_;
  Written written_;
};

Result<void> Writer::Count(const std::string& path) {
  if (++written_.files > limits_.files) {
    return MakeError(Problem::kTooLarge, "the release has more than " +
                                             std::to_string(limits_.files) +
                                             " files and folders; the first too many is " + path);
  }
  return Ok();
}

Result<std::string> Writer::Read(const git_oid& id, const std::string& path) {
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, database_, &id) != 0) {
    return lib::LastError("cannot read " + path, Problem::kBadPack);
  }
  if (type != GIT_OBJECT_BLOB) return Unsafe(path, "is listed as a file and is none");
  if (size > limits_.bytes - written_.bytes) {
    return MakeError(Problem::kTooLarge, "the release has more than " +
                                             std::to_string(limits_.bytes) +
                                             " bytes; the first file too many is " + path);
  }
  git_odb_object* read = nullptr;
  if (git_odb_read(&read, database_, &id) != 0) {
    return lib::LastError("cannot read " + path, Problem::kBadPack);
  }
  lib::Object object(read);
  written_.bytes += size;
  return std::string(static_cast<const char*>(git_odb_object_data(read)),
                     git_odb_object_size(read));
}

Result<void> Writer::WriteFile(const std::string& bytes, int folder, const char* name,
                               const std::string& path, bool executable) {
  Descriptor file(
      ::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) return DiskError(path);
  for (std::size_t done = 0; done < bytes.size();) {
    ssize_t count = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return DiskError(path);
    done += static_cast<std::size_t>(count);
  }
  if (::fchmod(file.get(), executable ? 0755 : 0644) != 0) return DiskError(path);
  return Ok();
}

Result<void> Writer::WriteEntry(const git_tree_entry* entry, int folder, const std::string& path,
                                std::uint32_t depth) {
  const char* name = git_tree_entry_name(entry);
  if (*name == '\0' || std::strchr(name, '/') != nullptr || std::strcmp(name, ".") == 0 ||
      std::strcmp(name, "..") == 0) {
    return Unsafe(path, "a tree names a file so that it would lie elsewhere");
  }
  if (::strcasecmp(name, ".git") == 0) {
    return Unsafe(path, "a tree must not bring a .git of its own");
  }
  SLIPWAY_TRYV(Count(path));
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_TREE: {
      if (::mkdirat(folder, name, 0700) != 0) return DiskError(path);
      Descriptor inner(::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (inner.get() < 0 || ::fchmod(inner.get(), 0755) != 0) return DiskError(path);
      return WriteFolder(*git_tree_entry_id(entry), inner.get(), path + "/", depth + 1);
    }
    case GIT_FILEMODE_BLOB:
    case GIT_FILEMODE_BLOB_EXECUTABLE: {
      SLIPWAY_TRY(bytes, Read(*git_tree_entry_id(entry), path));
      return WriteFile(bytes, folder, name, path,
                       git_tree_entry_filemode(entry) == GIT_FILEMODE_BLOB_EXECUTABLE);
    }
    case GIT_FILEMODE_LINK: {
      SLIPWAY_TRY(target, Read(*git_tree_entry_id(entry), path));
      if (!IsInsideLink(target, depth)) {
        return Unsafe(path,
                      "is a link that could lead out of the release: make it relative, with "
                      "any .. at its front only");
      }
      if (::symlinkat(target.c_str(), folder, name) != 0) return DiskError(path);
      return Ok();
    }
    case GIT_FILEMODE_COMMIT:
      return Unsafe(path, "is a submodule, which is not fetched: commit its files instead");
    case GIT_FILEMODE_UNREADABLE:
      break;
  }
  return Unsafe(path, "has a mode that git does not know");
}

Result<void> Writer::WriteFolder(const git_oid& id, int folder, const std::string& path,
                                 std::uint32_t depth) {
  if (depth > limits_.depth) {
    return MakeError(
        Problem::kTooLarge,
        "folders lie deeper than " + std::to_string(limits_.depth) + ", at " + path.substr(0, 200));
  }
  git_tree* read = nullptr;
  if (git_tree_lookup(&read, repository_, &id) != 0) {
    return lib::LastError("cannot read the folder " + path, Problem::kBadPack);
  }
  lib::TreeObject tree(read);
  for (std::size_t i = 0; i < git_tree_entrycount(read); ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(read, i);
    SLIPWAY_TRYV(WriteEntry(entry, folder, path + git_tree_entry_name(entry), depth));
  }
  return Ok();
}

}  // namespace

bool IsInsideLink(const std::string& target, std::uint32_t depth) {
  if (target.empty() || target.size() > kMaxLinkBytes || target.front() == '/') return false;
  if (target.find('\0') != std::string::npos) return false;
  std::uint32_t up = 0;
  bool named = false;
  for (std::size_t begin = 0; begin <= target.size();) {
    std::size_t end = std::min(target.find('/', begin), target.size());
    const std::string part = target.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      named = true;
    } else if (named || ++up > depth) {
      return false;
    }
  }
  return true;
}

Result<Written> WriteTree(git_repository* repository, const git_oid& tree,
                          const std::string& directory, const CheckoutLimits& limits) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return DiskError(directory);
  Descriptor root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (root.get() < 0 || ::fchmod(root.get(), 0755) != 0) return DiskError(directory);
  git_odb* opened = nullptr;
  if (git_repository_odb(&opened, repository) != 0) return lib::LastError("cannot read objects");
  lib::ObjectDatabase database(opened);
  Writer writer(repository, opened, limits);
  SLIPWAY_TRYV(writer.WriteFolder(tree, root.get(), "", 0));
  // A release that is switched to must still be whole after the power failed.
  if (::syncfs(root.get()) != 0) return DiskError(directory);
  return writer.written();
}

}  // namespace slipway::git
