// One changed line in a 4 MB file that does not compress: what goes over the wire, and how long each end takes.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/git/checkout.hpp"
#include "src/git/content.hpp"
#include "src/git/mirror.hpp"
#include "src/git/process_runner.hpp"

namespace slipway::git {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kFileBytes = 4 << 20;

[[noreturn]] void Stop(const std::string& why) {
  std::fprintf(stderr, "git_bench: %s\n", why.c_str());
  std::exit(1);
}

template <typename T>
T Must(Result<T> result) {
  if (!result) Stop(result.error().message);
  return std::move(result).value();
}

void Print(const char* name, double value, const char* unit, const std::string& more = "") {
  std::printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\"%s}\n", name, value, unit,
              more.c_str());
}

double Milliseconds(SteadyClock::time_point since) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - since).count();
}

/// A repository of two commits: a file of noise, and the same with one line changed.
class Source {
 public:
  Source(std::string path, ProcessRunner& runner) : path_(std::move(path)), runner_(runner) {
    fs::create_directories(path_);
    Git({"init", "-q", "-b", "main", "."});
    Rng random(1);
    text_.resize(kFileBytes);
    for (char& byte : text_) byte = static_cast<char>(random.Next() >> 56);
  }

  Commit Write() {
    std::ofstream(path_ + "/large", std::ios::binary) << text_;
    Git({"add", "large"});
    Git({"-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "x"});
    std::string id = Git({"rev-parse", "HEAD"});
    id.pop_back();
    return Commit(id);
  }

  void ChangeOneLine() { text_.replace(kFileBytes / 2, 12, "changed line"); }

  std::string Git(std::vector<std::string> arguments) {
    ProcessRequest request;
    request.argv = {"git"};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    request.env = GitEnvironment();
    request.working_directory = path_;
    ProcessOutcome outcome = Must(runner_.Run(request));
    if (!outcome.succeeded()) Stop("git " + arguments.front() + ": " + outcome.err);
    return outcome.out;
  }

 private:
  std::string path_;
  std::string text_;
  ProcessRunner& runner_;
};

double TakeIn(const std::string& directory, const PackFile& pack, const Commit& want,
              const Commit& keep, const std::string& staging) {
  CheckoutRequest request;
  request.repository = directory + "/server";
  request.pack = pack.path;
  request.want = want;
  request.keep = {keep};
  request.staging = directory + "/" + staging;
  const auto start = SteadyClock::now();
  Must(ApplyPackAndCheckout(request));
  return Milliseconds(start);
}

void Measure(const std::string& directory) {
  PosixProcessRunner runner;
  Source source(directory + "/source", runner);
  MirrorOptions options;
  options.directory = directory + "/mirrors";
  MirrorSet mirrors(options, runner);
  const Commit before = source.Write();
  source.ChangeOneLine();
  const Commit after = source.Write();
  source.Git({"push", "-q", Must(mirrors.Get("shop"))->path(), "main"});

  PackCacheOptions cache;
  cache.directory = directory + "/packs";
  PackCache content(cache, mirrors, runner);
  auto start = SteadyClock::now();
  auto snapshot = Must(content.Pack("shop", Commit(), before));
  const double snapshot_built = Milliseconds(start);
  start = SteadyClock::now();
  auto thin = Must(content.Pack("shop", before, after));
  const double thin_built = Milliseconds(start);
  start = SteadyClock::now();
  Must(content.Pack("shop", before, after));
  const double cached = Milliseconds(start);
  const double snapshot_taken = TakeIn(directory, *snapshot, before, before, "first");
  const double thin_taken = TakeIn(directory, *thin, after, before, "second");

  const std::string bytes_goal =
      R"(, "goal": 2048, "better": "less", "peer": "git: snapshot, bytes")";
  Print("git: snapshot, bytes", static_cast<double>(snapshot->bytes), "B");
  Print("git: one changed line in 4 MB, bytes", static_cast<double>(thin->bytes), "B", bytes_goal);
  Print("git: snapshot, build the pack", snapshot_built, "ms");
  Print("git: one changed line, build the pack", thin_built, "ms",
        R"(, "peer": "git: snapshot, build the pack")");
  Print("git: one changed line, the pack from the cache", cached, "ms");
  Print("git: snapshot, take in and check out", snapshot_taken, "ms");
  Print("git: one changed line, take in and check out", thin_taken, "ms",
        R"(, "peer": "git: snapshot, take in and check out")");
}

}  // namespace
}  // namespace slipway::git

int main() {
  std::string directory =
      (std::filesystem::temp_directory_path() / "slipway-bench-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  slipway::git::Measure(directory);
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return 0;
}
