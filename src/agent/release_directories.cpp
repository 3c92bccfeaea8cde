#include "src/agent/release_directories.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "src/agent/files.hpp"

namespace slipway::agent {
namespace {

bool Exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

/// Makes the missing part of root/relative, and gives what is new to `user`. What is there on the way
/// may belong to that user, so that no link is followed: we may be root.
Result<void> MakeOwned(const std::string& root, const std::string& relative,
                       const UserRecord& user) {
  Descriptor parent(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (std::size_t begin = 0; begin < relative.size();) {
    const std::size_t slash = std::min(relative.find('/', begin), relative.size());
    const std::string name = relative.substr(begin, slash - begin);
    const std::string part = root + "/" + relative.substr(0, slash);
    if (::mkdirat(parent.get(), name.c_str(), 0755) == 0) {
      if (::geteuid() == 0 &&
          ::fchownat(parent.get(), name.c_str(), user.uid, user.gid, AT_SYMLINK_NOFOLLOW) != 0) {
        return SystemError(part, "cannot be given to user " + user.name);
      }
    } else if (errno != EEXIST) {
      return SystemError(part, "cannot make the directory");
    }
    begin = slash + 1;
    if (begin < relative.size()) {
      parent = Descriptor(
          ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!parent.open() && errno != ENOTDIR && errno != ELOOP) {
        return SystemError(part, "cannot open");
      }
      if (!parent.open()) {
        return Fail(Code::kInvalid, part +
                                        ": is not a directory, so release.shared cannot put "
                                        "anything into it");
      }
    }
  }
  return Ok();
}

/// Relative paths that stay inside: no empty part, no "." and no "..".
Result<void> CheckRelative(const std::string& path) {
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") {
      return Fail(Code::kInvalid,
                  "release.shared: \"" + path + "\" must be a path inside the release");
    }
    begin = end + 1;
  }
  return Ok();
}

/// Makes the directories above release/relative; refuses one that is a link.
Result<void> MakeParents(const std::string& release, const std::string& relative) {
  for (std::size_t slash = relative.find('/'); slash != std::string::npos;
       slash = relative.find('/', slash + 1)) {
    const std::string part = release + "/" + relative.substr(0, slash);
    struct stat info {};
    if (::lstat(part.c_str(), &info) == 0) {
      if (!S_ISDIR(info.st_mode)) {
        return Fail(Code::kInvalid,
                    part + ": is not a directory, so release.shared cannot put a link into it");
      }
    } else if (::mkdir(part.c_str(), 0755) != 0) {
      return SystemError(part, "cannot make the directory");
    }
  }
  return Ok();
}

Result<void> LinkOne(const ApplicationLayout& layout, const std::string& relative,
                     const std::string& release) {
  SLIPWAY_TRYV(CheckRelative(relative));
  SLIPWAY_TRYV(MakeParents(release, relative));
  const std::string place = release + "/" + relative;
  if (Exists(place)) {
    // What the commit has here stays out of the way: in a hidden place that nothing looks at.
    const std::string aside = layout.Trash() + "/replaced-" + std::to_string(::getpid()) + "-" +
                              std::to_string(std::hash<std::string>{}(place));
    if (::rename(place.c_str(), aside.c_str()) != 0) {
      return SystemError(place, "cannot be replaced by a link to the shared one");
    }
  }
  const std::string target = layout.Shared() + "/" + relative;
  if (::symlink(target.c_str(), place.c_str()) != 0) {
    return SystemError(place, "cannot link");
  }
  return Ok();
}

}  // namespace

Result<void> PrepareApplication(const ApplicationLayout& layout, const api::ReleaseTemplate& config,
                                const UserRecord& user) {
  SLIPWAY_TRYV(MakeDirectories(layout.root));
  for (const std::string& directory :
       {layout.Releases(), layout.Shared(), layout.Staging(), layout.Tests(), layout.Trash()}) {
    SLIPWAY_TRYV(MakeDirectories(directory));
  }
  if (config.shared) {
    for (const std::string& directory : config.shared->dirs) {
      SLIPWAY_TRYV(CheckRelative(directory));
      SLIPWAY_TRYV(MakeOwned(layout.Shared(), directory, user));
    }
  }
  return Ok();
}

Result<void> CheckShared(const ApplicationLayout& layout, const api::ReleaseTemplate& config) {
  if (!config.shared) {
    return Ok();
  }
  for (const std::string& file : config.shared->files) {
    SLIPWAY_TRYV(CheckRelative(file));
    const std::string path = layout.Shared() + "/" + file;
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      return Fail(Code::kNotFound,
                  "the shared file " + file + " is missing on this server; put it to " + path);
    }
  }
  return Ok();
}

Result<void> LinkShared(const ApplicationLayout& layout, const api::ReleaseTemplate& config,
                        const std::string& release) {
  if (!config.shared) {
    return Ok();
  }
  for (const std::string& directory : config.shared->dirs) {
    SLIPWAY_TRYV(LinkOne(layout, directory, release));
  }
  for (const std::string& file : config.shared->files) {
    SLIPWAY_TRYV(LinkOne(layout, file, release));
  }
  return Ok();
}

std::string ReadCurrent(const ApplicationLayout& layout) {
  std::array<char, 4'096> buffer{};
  const ssize_t size = ::readlink(layout.Current().c_str(), buffer.data(), buffer.size());
  if (size <= 0) {
    return "";
  }
  const std::string target(buffer.data(), static_cast<std::size_t>(size));
  const std::string prefix = "releases/";
  if (target.rfind(prefix, 0) != 0 || target.find('/', prefix.size()) != std::string::npos) {
    return "";
  }
  return target.substr(prefix.size());
}

std::vector<std::string> ListReleases(const ApplicationLayout& layout) {
  std::vector<std::string> names = ListDirectory(layout.Releases());
  for (std::string& name : ListDirectory(layout.Staging())) {
    names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<void> MoveToTrash(const ApplicationLayout& layout, const std::vector<std::string>& names) {
  SLIPWAY_TRYV(MakeDirectories(layout.Trash()));
  for (const std::string& name : names) {
    for (const std::string& parent : {layout.Releases(), layout.Staging(), layout.Tests()}) {
      const std::string from = parent + "/" + name;
      if (!Exists(from)) {
        continue;
      }
      std::string to = layout.Trash() + "/" + name;
      for (int suffix = 1; Exists(to); ++suffix) {
        to = layout.Trash() + "/" + name + "." + std::to_string(suffix);
      }
      if (::rename(from.c_str(), to.c_str()) != 0) {
        return SystemError(from, "cannot be moved to the trash");
      }
    }
  }
  return Ok();
}

}  // namespace slipway::agent
