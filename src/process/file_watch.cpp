#include "src/process/file_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

namespace slipway::process {
namespace {

namespace fs = std::filesystem;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr int kMostLinks = 40;  ///< as the kernel: then it is a circle
constexpr int kMostLooks = 10;
constexpr std::uint32_t kNameChanges =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR | IN_MASK_ADD;

/// A name that has to be looked up on the way to a file, and the folder that holds it.
struct Step {
  fs::path folder;  ///< without symbolic links
  fs::path name;
  bool last = false;  ///< of the path, or of what a link stands for

  bool operator==(const Step&) const = default;
};

/// The way to a file, as the kernel would go it; it ends where something is not there.
std::vector<Step> WayTo(const fs::path& path) {
  std::vector<Step> way;
  fs::path folder = "/";
  std::deque<fs::path> rest(path.begin(), path.end());
  int links = 0;
  while (!rest.empty()) {
    const fs::path name = std::move(rest.front());
    rest.pop_front();
    if (name == "/") {
      folder = "/";
    } else if (name == "..") {
      folder = folder.parent_path();
    } else if (!name.empty() && name != ".") {
      way.push_back({.folder = folder, .name = name, .last = rest.empty()});
      std::error_code error;
      const fs::file_type type = fs::symlink_status(folder / name, error).type();
      if (type == fs::file_type::not_found || type == fs::file_type::none) {
        break;
      }
      if (type != fs::file_type::symlink) {
        folder /= name;
        continue;
      }
      const fs::path target = fs::read_symlink(folder / name, error);
      if (error || ++links > kMostLinks) {
        break;
      }
      rest.insert(rest.begin(), target.begin(), target.end());
    }
  }
  return way;
}

/// Whether a file with this name has just been made, and its writer will close it.
bool IsBeingWritten(const fs::path& file) {
  std::error_code error;
  return fs::symlink_status(file, error).type() == fs::file_type::regular &&
         fs::hard_link_count(file, error) == 1;
}

/// A descriptor, closed in the end.
class WatchDescriptor {
 public:
  explicit WatchDescriptor(int number) : number_(number) {}
  ~WatchDescriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  WatchDescriptor(const WatchDescriptor&) = delete;
  WatchDescriptor& operator=(const WatchDescriptor&) = delete;

  int number() const { return number_; }

 private:
  const int number_;
};

}  // namespace

class FileWatch::Watcher {
 public:
  Watcher(std::vector<std::string> paths, OnChange on_change, OnTrouble on_trouble, Options options)
      : paths_(std::move(paths)),
        on_change_(std::move(on_change)),
        on_trouble_(std::move(on_trouble)),
        options_(options),
        events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
        stop_(::eventfd(0, EFD_CLOEXEC)) {
    if (events_.number() < 0 || stop_.number() < 0) {
      on_trouble_(std::string("no file can be watched: ") + std::strerror(errno));
    } else {
      thread_ = std::jthread([this] { Run(); });
    }
  }

  ~Watcher() { ::eventfd_write(stop_.number(), 1); }

 private:
  /// A folder that is watched, and the names in it that matter, with the paths that they matter to.
  struct Watched {
    fs::path folder;
    std::map<std::string, std::set<std::size_t>> names;
  };

  void Run() {
    Look();
    for (const std::string& path : paths_) {
      on_change_(path);  // Perhaps before it was watched.
    }
    while (WaitForNews()) {
      TakeEvents();
      if (!changed_.empty() && std::chrono::steady_clock::now() >= due_) {
        Say();
      }
    }
  }

  /// False: it is time to end.
  bool WaitForNews() {
    std::array<pollfd, 2> news{{{.fd = events_.number(), .events = POLLIN, .revents = 0},
                                {.fd = stop_.number(), .events = POLLIN, .revents = 0}}};
    int wait_ms = -1;
    if (!changed_.empty()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(due_ - std::chrono::steady_clock::now());
      wait_ms = static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }
    ::poll(news.data(), news.size(), wait_ms);
    return news[1].revents == 0;
  }

  void TakeEvents() {
    alignas(inotify_event) std::array<char, 16'384> buffer{};
    for (;;) {
      const ssize_t size = ::read(events_.number(), buffer.data(), buffer.size());
      if (size <= 0) {
        return;
      }
      for (const char* at = buffer.data(); at < buffer.data() + size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        Take(*event, event->len == 0 ? "" : at + sizeof(inotify_event));
        at += sizeof(inotify_event) + event->len;
      }
    }
  }

  void Take(const inotify_event& event, const std::string& name) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      for (std::size_t index = 0; index < paths_.size(); ++index) {
        Note(index);
      }
      return;
    }
    const auto watched = watched_.find(event.wd);
    if (watched == watched_.end()) {
      return;
    }
    const auto found = watched->second.names.find(name);
    if (found == watched->second.names.end() ||
        ((event.mask & IN_CREATE) != 0 && IsBeingWritten(watched->second.folder / name))) {
      return;
    }
    for (const std::size_t index : found->second) {
      Note(index);
    }
  }

  void Note(std::size_t index) {
    if (changed_.empty()) {
      due_ = std::chrono::steady_clock::now() + options_.settle;
      if (said_) {
        due_ = std::max(due_, *said_ + options_.pause);
      }
    }
    changed_.insert(index);
  }

  /// First watches the new ways: what changes from now on is news.
  void Say() {
    Look();
    said_ = std::chrono::steady_clock::now();
    for (const std::size_t index : std::exchange(changed_, {})) {
      on_change_(paths_[index]);
    }
  }

  /// Watches the ways to all files as they are now. They may change between being read and being watched: so they are read again.
  void Look() {
    std::vector<std::vector<Step>> before;
    for (int look = 0; look < kMostLooks; ++look) {
      std::vector<std::vector<Step>> ways;
      for (const std::string& path : paths_) {
        ways.push_back(WayTo(path));
      }
      if (ways == before) {
        return;
      }
      Watch(ways);
      before = std::move(ways);
    }
  }

  /// Folders that were watched before and are on no way any more are let go. A folder is watched before those below it: one that takes
  /// the place of another is news.
  void Watch(const std::vector<std::vector<Step>>& ways) {
    std::map<int, Watched> fresh;
    for (std::size_t index = 0; index < ways.size(); ++index) {
      for (const Step& step : ways[index]) {
        const int id = ::inotify_add_watch(events_.number(), step.folder.c_str(),
                                           kNameChanges | (step.last ? IN_CLOSE_WRITE : 0U));
        if (id < 0) {
          Complain(step.folder, errno);
          continue;
        }
        Watched& watched = fresh[id];
        watched.folder = step.folder;
        watched.names[step.name].insert(index);
      }
    }
    for (const auto& [id, unused] : watched_) {
      if (!fresh.contains(id)) {
        ::inotify_rm_watch(events_.number(), id);
      }
    }
    watched_ = std::move(fresh);
  }

  /// One that has gone meanwhile is no trouble: the folder above it says when it is there again.
  void Complain(const fs::path& folder, int error) {
    if (error != ENOENT && error != ENOTDIR && complained_.emplace(folder, error).second) {
      on_trouble_(
          folder.string() + " cannot be watched: " +
          (error == ENOSPC ? "fs.inotify.max_user_watches is reached" : std::strerror(error)));
    }
  }

  const std::vector<std::string> paths_;
  const OnChange on_change_;
  const OnTrouble on_trouble_;
  const Options options_;
  const WatchDescriptor events_;
  const WatchDescriptor stop_;
  std::map<int, Watched> watched_;  ///< by the id of the watch
  std::set<std::pair<fs::path, int>> complained_;
  std::set<std::size_t> changed_;  ///< positions in paths_ that are to be said
  SteadyTime due_;                 ///< when
  std::optional<SteadyTime> said_;
  std::jthread thread_;  ///< last: it uses everything above
};

FileWatch::FileWatch(std::vector<std::string> paths, OnChange on_change, OnTrouble on_trouble,
                     Options options)
    : watcher_(std::make_unique<Watcher>(std::move(paths), std::move(on_change),
                                         std::move(on_trouble), options)) {}

FileWatch::~FileWatch() = default;

}  // namespace slipway::process
