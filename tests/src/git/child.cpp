// What the tests of src/git start as a child process: the git worker, the content helper, and workers that misbehave.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "src/git/checkout.hpp"
#include "src/git/worker.hpp"

// What libgit2 and libssh2 leak in a process that lives for one poll is theirs.
extern "C" const char* __asan_default_options();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "detect_leaks=0";
}

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "git-worker") return slipway::git::RunGitWorker(std::cin, std::cout);
  if (mode == "content-helper") return slipway::git::RunContentHelper(std::cin, std::cout);
  if (mode == "crash") std::abort();
  if (mode == "gibberish") std::cout << "{\"commit\": 7" << std::flush;
  if (mode == "hang") ::pause();
  return mode == "gibberish" ? 0 : 64;
}
