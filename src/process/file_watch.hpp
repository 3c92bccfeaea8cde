#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/base/time.hpp"

namespace slipway::process {

/// Says at once when files change. It watches the folders on the way to each, not the file: so it sees a file that is replaced, that
/// goes and comes back, and one that a symbolic link leads to, at any step, also when the link is put elsewhere, as Kubernetes does with
/// what it mounts. A file that is written in place is said to have changed when its writer closes it.
///
/// It sees what this machine does: not what another one changes on a network's file system, and not what is mounted over a folder. Has a
/// thread of its own, because a file system may block it.
class FileWatch {
 public:
  /// One of the paths, as it was given, may hold something else now. On the thread of the watch.
  using OnChange = std::function<void(const std::string& path)>;
  /// Something cannot be watched, and why; each trouble once. On the thread of the watch; that there is none, inside the constructor.
  using OnTrouble = std::function<void(const std::string& why)>;

  struct Options {
    Duration settle{100};   ///< from a change until it is said: a burst is said once
    Duration pause{1'000};  ///< what comes sooner after something was said waits
  };

  /// `paths` are absolute; nothing needs to be there yet. Each is said once when it is watched: what changes after that is said, and what
  /// has changed before is not missed.
  FileWatch(std::vector<std::string> paths, OnChange on_change, OnTrouble on_trouble,
            Options options);
  /// Nothing is said any more once it has returned.
  ~FileWatch();

  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace slipway::process
