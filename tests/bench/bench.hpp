#pragma once

#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"

// What the benchmark programs have in common.
namespace slipway::bench {

/// A benchmark that cannot measure what it says measures nothing: the program ends with a message.
[[noreturn]] inline void Die(const std::string& what) {
  std::fprintf(stderr, "the benchmark cannot go on: %s\n", what.c_str());
  std::exit(1);
}

/// The value; ends the program where there is none.
template <typename T>
T Must(Result<T> result) {
  if (!result.has_value()) {
    Die(result.error().message);
  }
  return std::move(result.value());
}

/// A bound to meet.
struct Goal {
  double bound = 0;
  const char* better = "less";  ///< or "more"
};

/// One row of the table that `run` prints. Texts hold nothing that JSON would have to escape.
struct Line {
  std::string name;
  double value = 0;
  const char* unit = "";
  std::string peer = {};  ///< the name of the line to compare with; empty: none
  std::optional<Goal> goal = std::nullopt;
};

inline void Print(const Line& line) {
  std::printf(R"({"name": "%s", "value": %.7g, "unit": "%s")", line.name.c_str(), line.value,
              line.unit);
  if (!line.peer.empty()) {
    std::printf(R"(, "peer": "%s")", line.peer.c_str());
  }
  if (line.goal) {
    std::printf(R"(, "goal": %.7g, "better": "%s")", line.goal->bound, line.goal->better);
  }
  std::printf("}\n");
}

/// Time since it was made.
class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  double Milliseconds() const { return Seconds() * 1e3; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Processor time that this thread has spent, in seconds. Unlike the time on the wall it hardly
/// depends on what else the machine does, so it is the measure of work that waits for nothing.
inline double CpuSeconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

/// The machine's clock.
class RunningClock final : public Clock {
 public:
  Time Now() const override {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
  }
  MonoTime Mono() const override {
    return {std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
  }
};

/// What `main` of a program does that keeps files: measures in a directory of its own, which goes away
/// afterwards. It is made in the one that the program is given or, because the temporary directory may
/// live in memory, beside the program.
template <typename Measure>
int InDirectory(int argc, char** argv, Measure measure) {
  namespace fs = std::filesystem;
  const fs::path parent =
      argc > 1 ? fs::path(argv[1]) : fs::read_symlink("/proc/self/exe").parent_path();
  std::string directory = parent / "bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    Die("cannot make a directory in " + parent.string());
  }
  measure(directory);
  fs::remove_all(directory);
  return 0;
}

}  // namespace slipway::bench
