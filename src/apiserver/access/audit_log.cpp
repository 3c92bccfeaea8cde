#include "src/apiserver/access/audit_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace slipway::apiserver {
namespace {

constexpr std::size_t kBatchBytes = 256 << 10;
constexpr std::chrono::seconds kRetry{1};

std::string Why(const std::string& path, const char* what) {
  return path + ": " + what + ": " + std::strerror(errno);
}

/// The file, on the writing thread only.
class RotatedFile {
 public:
  RotatedFile(std::string path, std::uint64_t max_bytes, std::size_t max_backups)
      : path_(std::move(path)), max_bytes_(max_bytes), max_backups_(max_backups) {}
  ~RotatedFile() { Close(); }
  RotatedFile(const RotatedFile&) = delete;
  RotatedFile& operator=(const RotatedFile&) = delete;

  Result<void> Open() {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat found {};
    if (file_ < 0 || ::fstat(file_, &found) != 0) {
      return Fail(Code::kInvalid, Why(path_, "cannot be opened"));
    }
    size_ = static_cast<std::uint64_t>(found.st_size);
    return Ok();
  }

  /// All of it, or nothing.
  Result<void> Append(const std::string& text) {
    if (file_ >= 0 && WasMoved()) {
      Close();
    }
    if (file_ < 0) {
      SLIPWAY_TRYV(Open());
    }
    if (size_ > 0 && size_ + text.size() > max_bytes_) {
      SLIPWAY_TRYV(Rotate());
    }
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t written = ::write(file_, text.data() + done, text.size() - done);
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written <= 0) {
        const std::string why = Why(path_, "cannot be written");
        [[maybe_unused]] const int undone = ::ftruncate(file_, static_cast<off_t>(size_));
        Close();
        return Fail(Code::kUnavailable, why);
      }
      done += static_cast<std::size_t>(written);
    }
    size_ += text.size();
    return Ok();
  }

 private:
  void Close() {
    if (file_ >= 0) {
      ::close(std::exchange(file_, -1));
    }
  }

  /// Whether something else, such as logrotate, has put another file in its place.
  bool WasMoved() const {
    struct stat ours {};
    struct stat there {};
    return ::fstat(file_, &ours) != 0 || ::stat(path_.c_str(), &there) != 0 ||
           ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
  }

  std::string Backup(std::size_t number) const { return path_ + "." + std::to_string(number); }

  Result<void> Rotate() {
    Close();
    for (std::size_t number = max_backups_; number > 1; --number) {
      if (::rename(Backup(number - 1).c_str(), Backup(number).c_str()) != 0 && errno != ENOENT) {
        return Fail(Code::kUnavailable, Why(Backup(number - 1), "cannot be renamed"));
      }
    }
    const int moved =
        max_backups_ == 0 ? ::unlink(path_.c_str()) : ::rename(path_.c_str(), Backup(1).c_str());
    if (moved != 0 && errno != ENOENT) {
      return Fail(Code::kUnavailable, Why(path_, "cannot be renamed"));
    }
    return Open();
  }

  std::string path_;
  std::uint64_t max_bytes_;
  std::size_t max_backups_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace

struct AuditLog::State {
  explicit State(Options given)
      : options(std::move(given)), file(options.path, options.max_bytes, options.max_backups) {}

  void Run();
  std::optional<std::string> NextBatch();
  bool WriteBatch(const std::string& batch);
  void WriteUntilDone(const std::string& batch);
  std::string LossNote(std::uint64_t lines) const;

  Options options;
  RotatedFile file;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> queue;
  std::size_t batch_lines = 0;
  std::uint64_t lost_unsaid = 0;  ///< not yet noted in the file
  Counts counts;
  bool ending = false;
  std::thread writer;
};

std::string AuditLog::State::LossNote(std::uint64_t lines) const {
  return R"({"kind":"EventsLost","apiVersion":"slipway.dev/v1alpha1","count":)" +
         std::to_string(lines) + "}\n";
}

/// The lines that are to be written next; nullopt at the end.
std::optional<std::string> AuditLog::State::NextBatch() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [this] { return ending || !queue.empty() || lost_unsaid > 0; });
  if (queue.empty() && lost_unsaid == 0) {
    return std::nullopt;
  }
  std::string batch;
  batch_lines = 0;
  while (!queue.empty() && batch.size() < kBatchBytes) {
    batch += queue.front() + "\n";
    queue.pop_front();
    ++batch_lines;
  }
  if (queue.empty() && lost_unsaid > 0) {
    batch += LossNote(std::exchange(lost_unsaid, 0));
  }
  return batch;
}

bool AuditLog::State::WriteBatch(const std::string& batch) {
  const auto written = file.Append(batch);
  bool changed_now = false;
  {
    const std::lock_guard lock(mutex);
    changed_now = counts.failing == written.has_value();
    counts.failing = !written.has_value();
    counts.written += written.has_value() ? batch_lines : 0;
  }
  if (changed_now && written.has_value() && options.on_recovery) {
    options.on_recovery();
  } else if (changed_now && !written.has_value() && options.on_trouble) {
    options.on_trouble(written.error().message);
  }
  return written.has_value();
}

void AuditLog::State::WriteUntilDone(const std::string& batch) {
  while (!WriteBatch(batch)) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, kRetry, [this] { return ending; });
    if (ending) {
      return;
    }
  }
}

void AuditLog::State::Run() {
  while (const auto batch = NextBatch()) {
    WriteUntilDone(*batch);
  }
}

AuditLog::AuditLog(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->writer = std::thread([state = state_.get()] { state->Run(); });
}

Result<std::unique_ptr<AuditLog>> AuditLog::Open(Options options) {
  auto state = std::make_unique<State>(std::move(options));
  SLIPWAY_TRYV(state->file.Open());
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(state)));
}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->changed.notify_all();
  state_->writer.join();
}

void AuditLog::Add(std::string line) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->queue.size() >= state_->options.max_queued) {
      ++state_->counts.lost;
      ++state_->lost_unsaid;
      return;
    }
    state_->queue.push_back(std::move(line));
  }
  state_->changed.notify_all();
}

AuditLog::Counts AuditLog::counts() const {
  const std::lock_guard lock(state_->mutex);
  Counts counts = state_->counts;
  counts.queued = state_->queue.size();
  return counts;
}

}  // namespace slipway::apiserver
