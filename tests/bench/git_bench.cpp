// One changed line in a 4 MB file that does not compress: what goes over the wire, and how long each
// end takes. One JSON object a line.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/git/checkout.hpp"
#include "src/git/content.hpp"
#include "src/git/mirror.hpp"
#include "src/process/process_runner.hpp"
#include "tests/bench/bench.hpp"

namespace slipway::git {
namespace {

namespace fs = std::filesystem;
using bench::Must;
using bench::Print;
using bench::Stopwatch;

constexpr std::size_t kFileBytes = 4 << 20;

/// A repository of two commits: a file of noise, and the same with one line changed.
class Source {
 public:
  Source(std::string path, process::ProcessRunner& runner)
      : path_(std::move(path)), runner_(runner) {
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
    process::ProcessRequest request;
    request.argv = {"git"};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    request.env = GitEnvironment();
    request.working_directory = path_;
    process::ProcessOutcome outcome = Must(runner_.Run(request));
    if (!outcome.succeeded()) bench::Die("git " + arguments.front() + ": " + outcome.err);
    return outcome.out;
  }

 private:
  std::string path_;
  std::string text_;
  process::ProcessRunner& runner_;
};

double TakeIn(const std::string& directory, const PackFile& pack, const Commit& want,
              const Commit& keep, const std::string& staging) {
  CheckoutRequest request;
  request.repository = directory + "/server";
  request.pack = pack.path;
  request.want = want;
  request.keep = {keep};
  request.staging = directory + "/" + staging;
  const Stopwatch watch;
  Must(ApplyPackAndCheckout(request));
  return watch.Milliseconds();
}

void Measure(const std::string& directory) {
  process::PosixProcessRunner runner;
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
  const Stopwatch snapshot_watch;
  const auto snapshot = Must(content.Pack("shop", Commit(), before));
  const double snapshot_built = snapshot_watch.Milliseconds();
  const Stopwatch thin_watch;
  const auto thin = Must(content.Pack("shop", before, after));
  const double thin_built = thin_watch.Milliseconds();
  const Stopwatch cached_watch;
  Must(content.Pack("shop", before, after));
  const double cached = cached_watch.Milliseconds();
  const double snapshot_taken = TakeIn(directory, *snapshot, before, before, "first");
  const double thin_taken = TakeIn(directory, *thin, after, before, "second");

  const bench::Goal small{.bound = 2048};
  const auto bytes = [](const PackFile& pack) { return static_cast<double>(pack.bytes); };
  Print({"git: snapshot, bytes", bytes(*snapshot), "B"});
  Print({"git: one changed line in 4 MB, bytes", bytes(*thin), "B", "git: snapshot, bytes", small});
  Print({"git: snapshot, build the pack", snapshot_built, "ms"});
  Print(
      {"git: one changed line, build the pack", thin_built, "ms", "git: snapshot, build the pack"});
  Print({"git: one changed line, the pack from the cache", cached, "ms"});
  Print({"git: snapshot, take in and check out", snapshot_taken, "ms"});
  Print({"git: one changed line, take in and check out", thin_taken, "ms",
         "git: snapshot, take in and check out"});
}

}  // namespace
}  // namespace slipway::git

int main(int argc, char** argv) {
  return slipway::bench::InDirectory(argc, argv, &slipway::git::Measure);
}
