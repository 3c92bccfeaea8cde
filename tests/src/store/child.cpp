// What the tests start as another process. `store_test_child MODE FILE`:
//   write  changes its own keys from several threads, and prints each acknowledged change, for ever
//   compact  as write, where each change takes a second of the clock and half a minute of history is
//          kept
//   hold   opens the file, prints `open`, and keeps it until its standard input ends
//   fill   as write, with one thread and a limit on the size of files; prints `broken: WHY` when the
//          store says so, `refused CODE` for each of the first two writes that fail, and ends

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/base/error.hpp"
#include "src/store/sqlite_store.hpp"
#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

constexpr int kThreads = 4;
constexpr int kKeysOfAThread = 5;
constexpr rlim_t kLargestFile = 512 * 1024;

/// One system call, so that a kill cannot cut a line, and nothing is lost in a buffer.
void Print(const std::string& line) {
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    _exit(1);
  }
}

/// One change of one of the keys that only this thread changes; prints it once it is acknowledged.
Result<void> ChangeOne(Store& store, int thread, int round) {
  const std::string key =
      "/k/" + std::to_string(thread) + "-" + std::to_string(round % kKeysOfAThread);
  const std::string value = std::to_string(getpid()) + "." + std::to_string(round) +
                            std::string(static_cast<std::size_t>(round % 3000), 'x');
  SLIPWAY_TRY(entry, store.Get(key, kLatest));
  const bool is_delete = entry && round % 7 == 3;
  auto result = is_delete ? Delete(store, key, entry->revision)
                : entry   ? Update(store, key, value, entry->revision)
                          : Create(store, key, value);
  SLIPWAY_TRY(revision, std::move(result));
  Print(std::to_string(revision) + " " + key + " " + (is_delete ? "-" : value) + "\n");
  return Ok();
}

/// `each` is called after each change.
void WriteForEver(Store& store, const std::function<void()>& each) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&store, &each, thread] {
      for (int round = 0; ChangeOne(store, thread, round); ++round) each();
    });
  }
  for (auto& thread : threads) thread.join();
}

void FillUp(Store& store) {
  (void)std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{kLargestFile, kLargestFile};
  setrlimit(RLIMIT_FSIZE, &limit);
  int refused = 0;
  for (int round = 0; refused < 2; ++round) {
    if (auto changed = ChangeOne(store, 0, round); !changed) {
      ++refused;
      Print(std::string("refused ") + Reason(changed.error().code) + "\n");
    }
  }
}

int Main(const std::string& mode, const std::string& path) {
  ManualClock clock;
  SqliteStore::Options options;
  options.path = path;
  options.clock = &clock;
  options.on_broken = [](const Error& error) { Print("broken: " + error.message + "\n"); };
  if (mode == "compact") options.history = std::chrono::seconds(30);
  auto store = SqliteStore::Open(options);
  if (!store) {
    std::cerr << store.error().message << "\n";
    return 1;
  }
  if (mode == "write") WriteForEver(*store.value(), [] {});
  if (mode == "compact") {
    WriteForEver(*store.value(), [&clock] { clock.Advance(std::chrono::seconds(1)); });
  }
  if (mode == "fill") FillUp(*store.value());
  if (mode == "hold") {
    Print("open\n");
    std::cin.get();
  }
  return 0;
}

}  // namespace
}  // namespace slipway::store

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return slipway::store::Main(argv[1], argv[2]);
}
