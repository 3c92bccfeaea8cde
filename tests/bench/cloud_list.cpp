// Lists what a provider's API lists, as the control plane does it again and again: once, and then some more times over what is open
// by then. One JSON object is printed: how many servers, the seconds of the first list and of the quickest later one, and the bytes of
// memory that were in use at most beyond those before the first.
// `cloud_bench.py` runs it beside the provider's SDK.
//
// Usage: cloud_list LISTS < PROVIDER, `spec.provider` of a Fleet as JSON; credentials come from the environment.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "reconciler/api/decode.hpp"
#include "reconciler/api/fleet.hpp"
#include "src/cloud/open_clouds.hpp"
#include "src/process/environment.hpp"
#include "src/process/process_runner.hpp"
#include "tests/bench/bench.hpp"

namespace slipway::bench {
namespace {

/// A line of /proc/self/status, in bytes.
std::size_t MemoryOf(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t kib = 0;
  while (status >> word) {
    if (word == name && status >> kib) {
      return kib * 1024;
    }
  }
  Die("the kernel does not tell " + name);
}

void Measure(int lists) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const api::Provider provider = Must(api::Decode<api::Provider>(text));
  process::PosixProcessRunner runner;
  const RunningClock clock;
  const auto clouds = cloud::OpenClouds({.allowed_programs = {},
                                         .allowed_files = {},
                                         .on_complaint = {},
                                         .environment = process::OwnEnvironment(),
                                         .seed = 0},
                                        runner, clock);
  std::size_t servers = 0;
  const auto seconds = [&] {
    const Stopwatch watch;
    servers = Must(clouds->List(provider, {})).size();
    return watch.Seconds();
  };
  std::ofstream("/proc/self/clear_refs") << "5";  // the most that was in use begins anew
  const std::size_t before = MemoryOf("VmRSS:");
  const double first = seconds();
  double later = first;
  for (int i = 1; i < lists; ++i) {
    later = std::min(later, seconds());
  }
  std::printf("{\"servers\": %zu, \"first\": %.7g, \"later\": %.7g, \"memory\": %zu}\n", servers,
              first, later, MemoryOf("VmHWM:") - before);
}

}  // namespace
}  // namespace slipway::bench

int main(int argc, char** argv) {
  slipway::bench::Measure(argc > 1 ? std::atoi(argv[1]) : 1);
  return 0;
}
