#include "src/git/mirror.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "src/git/history.hpp"
#include "src/git/libgit2.hpp"
#include "src/git/problem.hpp"
#include "src/git/worker.hpp"

namespace slipway::git {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKeep = "refs/slipway/keep/";
constexpr std::size_t kMaxPacks = 32;
constexpr std::size_t kMaxKnownPaths = 256;
constexpr Duration kRepackDeadline{600'000};

bool IsId(const std::string& id) {
  bool known = std::ranges::all_of(id, [](unsigned char byte) {
    return std::isalnum(byte) != 0 || byte == '.' || byte == '-' || byte == '_';
  });
  return known && !id.empty() && id.size() <= 245 && id.front() != '.' && id.front() != '-' &&
         id.back() != '.' && !id.ends_with(".lock") && id.find("..") == std::string::npos;
}

Error BadId(const std::string& id) {
  return MakeError(Problem::kInternal, "\"" + id.substr(0, 80) +
                                           "\" cannot name a file: letters, digits, "
                                           "'.', '-' and '_', at most 245");
}

Error Gone() { return MakeError(Problem::kInternal, "the repository was deleted"); }

std::string Seconds(Duration length) { return std::to_string(length.count() / 1000) + " s"; }

/// Which packs to make one of: the smallest ones, so that each that stays is at least twice as large as all smaller ones together.
/// So what is rewritten is in proportion to what is new.
std::vector<fs::path> RollUp(const std::set<fs::path>& packs) {
  std::vector<std::pair<std::uintmax_t, fs::path>> by_size;
  for (const fs::path& pack : packs) {
    std::error_code ignored;
    by_size.emplace_back(fs::file_size(pack, ignored), pack);
  }
  std::ranges::sort(by_size);
  std::vector<fs::path> together;
  std::uintmax_t below = 0;
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    if (by_size[i].first < 2 * below) {
      while (together.size() <= i) together.push_back(by_size[together.size()].second);
    }
    below += by_size[i].first;
  }
  return together;
}

}  // namespace

std::vector<std::string> GitEnvironment() {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "LC_ALL=C",
          "HOME=/nonexistent",
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_CONFIG_GLOBAL=/dev/null",
          "GIT_NO_REPLACE_OBJECTS=1",
          "GIT_TERMINAL_PROMPT=0"};
}

Mirror::Mirror(std::string path, MirrorOptions options, process::ProcessRunner& runner)
    : path_(std::move(path)), options_(std::move(options)), runner_(runner) {}

std::shared_lock<std::shared_mutex> Mirror::ReadLock() const { return std::shared_lock(packs_); }

Result<Fetched> Mirror::RunWorker(const FetchRequest& request) {
  process::ProcessRequest process;
  process.argv = options_.worker_argv;
  process.env = GitEnvironment();
  process.input = EncodeFetchRequest(request);
  process.deadline = request.deadline;
  auto outcome = runner_.Run(process);
  if (!outcome) {
    return MakeError(Problem::kInternal, "cannot start the git worker: " + outcome.error().message);
  }
  const process::ProcessOutcome& ended = outcome.value();
  if (ended.timed_out) {
    return MakeError(Problem::kTimeout, "the remote did not finish its answer within " +
                                            Seconds(request.deadline) +
                                            ": see that it is well, or raise spec.timeout");
  }
  if (!ended.succeeded()) {
    return MakeError(Problem::kInternal,
                     "the git worker ended " +
                         (ended.signal != 0 ? "by signal " + std::to_string(ended.signal)
                                            : "with exit code " + std::to_string(ended.exit_code)) +
                         " and gave no answer: the next poll tries again");
  }
  return DecodeFetched(ended.out);
}

Result<Fetched> Mirror::Fetch(FetchRequest request) {
  // What can be refused without a process is.
  SLIPWAY_TRYV(CheckUrl(request.url, options_.allow_file));
  SLIPWAY_TRYV(CheckRef(request.ref));
  request.mirror = path_;
  request.allow_file = options_.allow_file;
  request.limits = options_.limits;
  std::lock_guard one_at_a_time(fetching_);
  if (removed_) return Gone();
  SLIPWAY_TRYV(lib::OpenOrCreate(path_));
  lib::RemoveUnfinishedPacks(path_);
  const std::set<fs::path> before = lib::PackFiles(path_);
  auto fetched = RunWorker(request);
  if (!fetched) {
    lib::RemoveUnfinishedPacks(path_);
    DiscardPacksBut(before);
    return fetched.error();
  }
  {
    // What the next fetch tells the remote that we have.
    std::lock_guard writer(references_);
    SLIPWAY_TRY(repository, lib::Open(path_));
    SLIPWAY_TRY(id, lib::ParseId(fetched.value().commit.value));
    git_oid current = {};
    if (git_reference_name_to_id(&current, repository.get(), kFetchedReference) != 0 ||
        git_oid_equal(&current, &id) == 0) {
      SLIPWAY_TRYV(lib::WriteReference(repository.get(), kFetchedReference, id));
    }
  }
  RepackWhenMany();
  return fetched;
}

/// What a failed poll received may lack objects: while it is here, nobody asks for it again.
void Mirror::DiscardPacksBut(const std::set<fs::path>& kept) {
  std::set<fs::path> added = lib::PackFiles(path_);
  std::erase_if(added, [&](const fs::path& pack) { return kept.contains(pack); });
  if (added.empty()) return;
  std::unique_lock nobody_reads(packs_);
  for (const fs::path& pack : added) (void)lib::RemovePack(pack);
}

// Nothing is dropped. Readers wait only while the old packs are deleted, not while the new one is made. Where it fails, or git
// cannot be started, all is as it was, and it is tried again after the next poll.
void Mirror::RepackWhenMany() {
  const std::set<fs::path> packs = lib::PackFiles(path_);
  if (packs.size() <= kMaxPacks) return;
  const std::vector<fs::path> together = RollUp(packs);
  const std::string prefix = path_ + "/objects/pack/pack";
  process::ProcessRequest process;
  process.argv = {"git", "--git-dir=" + path_, "pack-objects", "-q", "--stdin-packs", prefix};
  process.env = GitEnvironment();
  process.deadline = kRepackDeadline;
  for (const fs::path& pack : together) process.input += pack.filename().string() + "\n";
  const auto outcome = runner_.Run(process);
  const std::string name = outcome ? outcome.value().out.substr(0, GIT_OID_HEXSZ) : "";
  const fs::path made = prefix + "-" + name + ".pack";
  if (!outcome || !outcome.value().succeeded() || !lib::PackFiles(path_).contains(made)) {
    return lib::RemoveUnfinishedPacks(path_);
  }
  std::unique_lock nobody_reads(packs_);
  for (const fs::path& pack : together) {
    if (pack != made) (void)lib::RemovePack(pack);
  }
}

Result<void> Mirror::Remove() {
  std::lock_guard no_fetch(fetching_);
  removed_ = true;
  std::unique_lock nobody_reads(packs_);
  std::lock_guard nobody_writes(references_);
  std::error_code failure;
  fs::remove_all(path_, failure);
  if (failure) {
    return MakeError(Problem::kInternal, "cannot delete " + path_ + ": " + failure.message());
  }
  return Ok();
}

Result<Resolved> Mirror::Resolve(const Commit& head, const std::string& path) const {
  if (!IsPlainPath(path)) {
    return MakeError(Problem::kEmptyTree, "\"" + path.substr(0, 200) +
                                              "\" is no path inside a repository: "
                                              "write it like services/shop");
  }
  auto reading = ReadLock();
  SLIPWAY_TRY(repository, lib::Open(path_));
  std::optional<Known> known;
  {
    std::lock_guard lock(known_mutex_);
    if (auto found = known_.find(path); found != known_.end()) known = found->second;
  }
  auto lookup = [&known](const std::string& id) -> std::optional<std::string> {
    if (known && known->head == id) return known->newest;
    return std::nullopt;
  };
  SLIPWAY_TRY(newest, NewestTouching(repository.get(), head.value, path, lookup));
  {
    std::lock_guard lock(known_mutex_);
    if (known_.size() >= kMaxKnownPaths && !known_.contains(path)) known_.clear();
    known_[path] = {head.value, newest};
  }
  return Describe(repository.get(), newest, path);
}

Result<bool> Mirror::IsDescendant(const Commit& ancestor, const Commit& commit) const {
  auto reading = ReadLock();
  SLIPWAY_TRY(repository, lib::Open(path_));
  SLIPWAY_TRYV(lib::FindCommit(repository.get(), ancestor.value));
  SLIPWAY_TRYV(lib::FindCommit(repository.get(), commit.value));
  if (ancestor == commit) return true;
  SLIPWAY_TRY(above, lib::ParseId(ancestor.value));
  SLIPWAY_TRY(below, lib::ParseId(commit.value));
  int answer = git_graph_descendant_of(repository.get(), &below, &above);
  if (answer < 0) return lib::LastError("cannot compare commits");
  return answer == 1;
}

bool Mirror::Has(const Commit& commit) const {
  auto reading = ReadLock();
  auto repository = lib::Open(path_);
  return repository.has_value() &&
         lib::FindCommit(repository.value().get(), commit.value).has_value();
}

Result<void> Mirror::PinCommit(const std::string& id, const Commit& commit) {
  if (!IsId(id)) return BadId(id);
  auto reading = ReadLock();
  std::lock_guard writer(references_);
  SLIPWAY_TRY(repository, lib::Open(path_));
  SLIPWAY_TRYV(lib::FindCommit(repository.get(), commit.value));
  SLIPWAY_TRY(target, lib::ParseId(commit.value));
  return lib::WriteReference(repository.get(), std::string(kKeep) + id, target);
}

Result<void> Mirror::Unpin(const std::string& id) {
  if (!IsId(id)) return BadId(id);
  std::lock_guard writer(references_);
  SLIPWAY_TRY(repository, lib::Open(path_));
  return lib::DeleteReference(repository.get(), std::string(kKeep) + id);
}

Result<std::vector<Pin>> Mirror::ListPins() const {
  std::lock_guard writer(references_);
  SLIPWAY_TRY(repository, lib::Open(path_));
  git_reference_iterator* started = nullptr;
  const std::string all = std::string(kKeep) + "*";
  if (git_reference_iterator_glob_new(&started, repository.get(), all.c_str()) != 0) {
    return lib::LastError("cannot list the pins of " + path_);
  }
  lib::ReferenceIterator iterator(started);
  std::vector<Pin> pins;
  git_reference* next = nullptr;
  int code = 0;
  while ((code = git_reference_next(&next, iterator.get())) == 0) {
    lib::Reference reference(next);
    const git_oid* target = git_reference_target(next);
    if (target == nullptr) continue;
    pins.push_back({std::string(git_reference_name(next)).substr(kKeep.size()),
                    Commit(lib::FormatId(*target))});
  }
  if (code != GIT_ITEROVER) return lib::LastError("cannot list the pins of " + path_);
  std::ranges::sort(pins, {}, &Pin::id);
  return pins;
}

MirrorSet::MirrorSet(MirrorOptions options, process::ProcessRunner& runner)
    : options_(std::move(options)), runner_(runner) {}

std::string MirrorSet::PathOf(const std::string& id) const {
  return (fs::path(options_.directory) / (id + ".git")).string();
}

Result<std::shared_ptr<Mirror>> MirrorSet::Get(const std::string& id) {
  if (!IsId(id)) return BadId(id);
  std::lock_guard lock(mutex_);
  if (removed_.contains(id)) return Gone();
  if (auto found = mirrors_.find(id); found != mirrors_.end()) return found->second;
  SLIPWAY_TRYV(lib::OpenOrCreate(PathOf(id)));
  auto mirror = std::make_shared<Mirror>(PathOf(id), options_, runner_);
  mirrors_.emplace(id, mirror);
  return mirror;
}

Result<void> MirrorSet::Remove(const std::string& id) {
  if (!IsId(id)) return BadId(id);
  std::shared_ptr<Mirror> mirror;
  {
    std::lock_guard lock(mutex_);
    removed_.insert(id);
    if (auto found = mirrors_.find(id); found != mirrors_.end()) {
      mirror = found->second;
      mirrors_.erase(found);
    } else {
      mirror = std::make_shared<Mirror>(PathOf(id), options_, runner_);
    }
  }
  return mirror->Remove();  // It may wait for a poll: nobody else waits with it.
}

Result<std::vector<std::string>> MirrorSet::List() const {
  std::vector<std::string> ids;
  std::error_code failure;
  if (!fs::exists(options_.directory, failure)) return ids;
  for (const fs::directory_entry& entry : fs::directory_iterator(options_.directory, failure)) {
    if (entry.path().extension() == ".git") ids.push_back(entry.path().stem().string());
  }
  if (failure) {
    return MakeError(Problem::kInternal,
                     "cannot list " + options_.directory + ": " + failure.message());
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace slipway::git
