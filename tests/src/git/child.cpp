// What the tests of src/git start as a child process: the git worker, the content helper, and workers that misbehave.
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "src/git/checkout.hpp"
#include "src/git/worker.hpp"

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "git-worker") return slipway::git::RunGitWorker(std::cin, std::cout);
  if (mode == "content-helper") return slipway::git::RunContentHelper(std::cin, std::cout);
  if (mode == "crash") return ::raise(SIGSEGV);
  if (mode == "gibberish") std::cout << "{\"commit\": 7" << std::flush;
  if (mode == "hang") ::pause();
  return mode == "gibberish" ? 0 : 64;
}
