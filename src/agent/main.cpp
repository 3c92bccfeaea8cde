#include "src/agent/agent_main.hpp"

int main(int argc, char** argv) { return slipway::agent::AgentMain(argc, argv); }
