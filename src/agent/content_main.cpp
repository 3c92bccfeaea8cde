// slipway-agent-content: the short-lived helper of the agent. It links libgit2 and pugixml so that
// the agent, which stays, does not have to.
#include <iostream>
#include <string>

#include "src/agent/junit.hpp"
#include "src/git/checkout.hpp"

int main(int argc, char** argv) {
  const std::string command = argc == 2 ? argv[1] : "";
  if (command == "checkout") {
    return slipway::git::RunContentHelper(std::cin, std::cout);
  }
  if (command == "junit") {
    return slipway::agent::RunJunit(std::cin, std::cout);
  }
  std::cerr << "slipway-agent-content is started by slipway-agent\n";
  return 2;
}
