#include "src/git/content.hpp"

#include <condition_variable>
#include <filesystem>
#include <future>
#include <system_error>
#include <tuple>
#include <utility>

#include "src/git/problem.hpp"

namespace slipway::git {
namespace {

namespace fs = std::filesystem;

using PackPointer = std::shared_ptr<const PackFile>;
using PackResult = Result<PackPointer>;

struct DeleteFile {
  void operator()(const PackFile* file) const {
    std::error_code ignored;
    fs::remove(file->path, ignored);
    delete file;
  }
};

/// reference: git-pack-objects(1). `^A` alone assumes that a server that has A has all of A's history; `--shallow` on both
/// says that it has just the snapshot, which makes merges of old branches and ways back come out right.
std::string Recipe(const Commit& have, const Commit& want) {
  if (have.empty()) return "--shallow " + want.value + "\n" + want.value + "\n";
  return "--shallow " + have.value + "\n--shallow " + want.value + "\n" + want.value + "\n^" +
         have.value + "\n";
}

}  // namespace

struct PackCache::State {
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Entry {
    PackPointer file;
    std::uint64_t used = 0;
  };

  State(PackCacheOptions given, MirrorSet& all, process::ProcessRunner& door)
      : options(std::move(given)), mirrors(all), runner(door) {}

  PackResult Build(const Mirror& mirror, const Commit& have, const Commit& want);
  void Add(const Key& key, const PackPointer& file);

  const PackCacheOptions options;
  MirrorSet& mirrors;
  process::ProcessRunner& runner;
  mutable std::mutex mutex;
  std::map<Key, Entry> ready;
  std::map<Key, std::shared_future<PackResult>> building;
  std::uint64_t bytes = 0;
  std::uint64_t clock = 0;
  std::uint64_t builds = 0;
};

PackResult PackCache::State::Build(const Mirror& mirror, const Commit& have, const Commit& want) {
  std::string path;
  {
    std::lock_guard lock(mutex);
    path = (fs::path(options.directory) / (std::to_string(++builds) + ".pack")).string();
  }
  process::ProcessRequest process;
  process.argv = {
      "git",    "--git-dir=" + mirror.path(), "pack-objects", "-q", "--thin", "--shallow",
      "--revs", "--no-use-bitmap-index",      "--stdout"};
  process.env = GitEnvironment();
  process.input = Recipe(have, want);
  process.output_file = path;
  process.deadline = options.deadline;
  auto reading = mirror.ReadLock();
  auto outcome = runner.Run(process);
  auto file = std::shared_ptr<PackFile>(
      new PackFile{.path = path, .bytes = 0, .thin = !have.empty()}, DeleteFile());
  if (!outcome) {
    return MakeError(Problem::kInternal, "cannot build a pack: " + outcome.error().message);
  }
  if (outcome.value().timed_out) {
    return MakeError(Problem::kTimeout, "building the pack for " + want.value + " took too long");
  }
  if (!outcome.value().succeeded()) {
    return MakeError(Problem::kInternal,
                     "git pack-objects failed for " + want.value + ": " + outcome.value().err);
  }
  std::error_code failure;
  file->bytes = fs::file_size(path, failure);
  if (failure) return MakeError(Problem::kInternal, "cannot read " + path);
  return PackPointer(std::move(file));
}

void PackCache::State::Add(const Key& key, const PackPointer& file) {
  ready[key] = {file, ++clock};
  bytes += file->bytes;
  while (bytes > options.max_bytes && !ready.empty()) {
    auto oldest = ready.begin();
    for (auto entry = ready.begin(); entry != ready.end(); ++entry) {
      if (entry->second.used < oldest->second.used) oldest = entry;
    }
    bytes -= oldest->second.file->bytes;
    ready.erase(oldest);
  }
}

PackCache::PackCache(PackCacheOptions options, MirrorSet& mirrors, process::ProcessRunner& runner)
    : state_(std::make_unique<State>(std::move(options), mirrors, runner)) {
  std::error_code ignored;
  fs::create_directories(state_->options.directory, ignored);
  fs::permissions(state_->options.directory, fs::perms::owner_all, ignored);
  for (const fs::directory_entry& entry :
       fs::directory_iterator(state_->options.directory, ignored)) {
    if (entry.path().extension() == ".pack") fs::remove(entry.path(), ignored);
  }
}

PackCache::~PackCache() = default;

PackResult PackCache::Pack(const std::string& repository, const Commit& have, const Commit& want) {
  SLIPWAY_TRY(mirror, state_->mirrors.Get(repository));
  if (!mirror->Has(want)) {
    return MakeError(Problem::kRefNotFound,
                     "the mirror of " + repository + " lacks commit " + want.value);
  }
  const Commit base = !have.empty() && mirror->Has(have) ? have : Commit();
  const State::Key key{repository, base.value, want.value};
  std::promise<PackResult> promise;
  std::shared_future<PackResult> other;
  {
    std::lock_guard lock(state_->mutex);
    if (auto found = state_->ready.find(key); found != state_->ready.end()) {
      found->second.used = ++state_->clock;
      return found->second.file;
    }
    if (auto found = state_->building.find(key); found != state_->building.end()) {
      other = found->second;
    } else {
      state_->building.emplace(key, promise.get_future().share());
    }
  }
  if (other.valid()) return other.get();
  PackResult built = state_->Build(*mirror, base, want);
  {
    std::lock_guard lock(state_->mutex);
    state_->building.erase(key);
    if (built) state_->Add(key, built.value());
  }
  promise.set_value(built);
  return built;
}

void PackCache::Forget(const std::string& repository) {
  std::lock_guard lock(state_->mutex);
  std::erase_if(state_->ready, [&](const auto& entry) {
    const bool gone = std::get<0>(entry.first) == repository;
    if (gone) state_->bytes -= entry.second.file->bytes;
    return gone;
  });
}

std::uint64_t PackCache::builds() const {
  std::lock_guard lock(state_->mutex);
  return state_->builds;
}

}  // namespace slipway::git
