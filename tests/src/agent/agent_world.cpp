#include "tests/src/agent/agent_world.hpp"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace slipway::agent::test {
namespace {

/// A command that notes that it was begun, and waits while the file <step>.hold is there.
std::string Held(const std::string& marks, const std::string& step) {
  return "echo begun >> " + marks + "/" + step + "; while [ -e " + marks + "/" + step +
         ".hold ]; do sleep 0.02; done";
}

}  // namespace

AgentWorld::AgentWorld() : repository(directory / "repository"), gateway(directory / "repository") {
  const std::string marks = directory / "marks";
  std::filesystem::create_directories(marks);
  WriteText(directory / "token", std::string(FakeGateway::kToken) + "\n");
  config.env = {{.name = "MARKS", .value = marks}};
  config.install = api::Command{.run = Held(marks, "install") + "; echo installed > installed"};
  config.test = api::Command{.run = Held(marks, "test")};
  api::Process web;
  web.name = "web";
  // Notes its start, and takes long to stop while the file stop.hold is there.
  web.run = "trap 'echo begun >> " + marks + "/stop; while [ -e " + marks +
            "/stop.hold ]; do sleep 0.02; done; exit 0' TERM; " + "echo begun >> " + marks +
            "/start; echo serving $(cat VERSION) at $SLIPWAY_ADDRESS; while :; do sleep 0.02; done";
  web.stop_timeout = Duration(20'000);
  web.health.min_healthy_time = Duration(300);
  web.health.deadline = Duration(20'000);
  config.processes = {web};
}

AgentWorld::~AgentWorld() {
  agent.reset();
  for (const std::string& owner :
       {directory / "agent/run/applications", directory / "agent/run/tests"}) {
    if (!std::filesystem::exists(owner)) {
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(owner)) {
      const Found found = FindSupervised(entry.path());
      if (found.running && found.state && SignalSupervisor(*found.state, SIGKILL)) {
        Eventually([&] { return !FindSupervised(entry.path()).running; });
        static_cast<void>(ClearAway(entry.path(), Duration(5'000)));
      }
    }
  }
}

void AgentWorld::StartAgent(bool wait) {
  const std::size_t before = gateway.Hellos().size();
  agent = std::make_unique<Process>(
      std::vector<std::string>{SLIPWAY_AGENT_PROGRAM, "--server", gateway.Url(), "--ca-hash",
                               gateway.CaHash(), "--token-file", directory / "token", "--name",
                               name, "--root", directory / "agent"},
      directory / "agent.log");
  if (wait) {
    ASSERT_TRUE(Eventually([&] { return gateway.Hellos().size() > before; })) << AgentLog();
  }
}

void AgentWorld::KillAgent() {
  agent->Signal(SIGKILL);
  agent->Wait();
}

Commit AgentWorld::Push(const std::string& version) { return repository.Write("VERSION", version); }

protocol::ReleaseAssignment AgentWorld::Wanted(const std::string& rollout, std::int64_t number,
                                               const Commit& commit) const {
  protocol::ReleaseAssignment wanted;
  wanted.intent.application = "shop";
  wanted.intent.rollout = rollout;
  wanted.intent.wave = 1;
  wanted.intent.attempt = number;
  wanted.intent.commit = commit;
  wanted.intent.hash = ReleaseHash(std::string(64, 'b'));
  wanted.repository = "default/shop";
  wanted.release = config;
  return wanted;
}

protocol::TestAssignment AgentWorld::WantedTest(const std::string& test,
                                                const Commit& commit) const {
  const std::string marks = directory / "marks";
  protocol::TestAssignment wanted;
  wanted.name = test;
  wanted.uid = Uid("uid-" + test);
  wanted.application = "shop";
  wanted.rollout = "shop-1";
  wanted.number = 1;
  wanted.commit = commit;
  wanted.hash = ReleaseHash(std::string(64, 'b'));
  wanted.repository = "default/shop";
  wanted.release_template.release = config;
  api::GateTemplate gate;
  gate.populate = api::Command{.run = Held(marks, "populate")};
  gate.clean_up = api::Command{.run = Held(marks, "cleanup")};
  api::Suite unit;
  unit.name = "unit";
  unit.run =
      Held(marks, "unit") +
      "; mkdir reports; echo '<testsuite><testcase name=\"adds\"/></testsuite>' > reports/unit.xml";
  unit.report = "reports/*.xml";
  api::Suite smoke;
  smoke.name = "smoke";
  smoke.run = Held(marks, "smoke") + "; test -e installed";
  gate.suites = {unit, smoke};
  wanted.release_template.gate = gate;
  return wanted;
}

api::ServerRelease AgentWorld::Release() const {
  const std::optional<protocol::Report> report = gateway.LastReport();
  if (report) {
    for (const api::ServerRelease& release : report->releases) {
      if (release.application == "shop") {
        return release;
      }
    }
  }
  return {};
}

bool AgentWorld::Ended(const std::string& rollout, std::int64_t number) const {
  return Eventually([&] {
    const api::ServerRelease release = Release();
    return release.attempt && release.attempt->rollout == rollout &&
           release.attempt->number == number && release.attempt->phase == api::AttemptPhase::kEnded;
  });
}

void AgentWorld::Roll(const std::string& rollout, std::int64_t number, const Commit& commit,
                      api::Outcome outcome) {
  gateway.Assign({Wanted(rollout, number, commit)});
  ASSERT_TRUE(Ended(rollout, number)) << AgentLog();
  ASSERT_EQ(Release().attempt->result, outcome) << Release().attempt->message << "\n" << AgentLog();
}

void AgentWorld::Hold(const std::string& step) {
  WriteText(directory / ("marks/" + step + ".hold"), "");
}

void AgentWorld::LetGo(const std::string& step) {
  std::filesystem::remove(directory / ("marks/" + step + ".hold"));
}

bool AgentWorld::Reached(const std::string& step) const {
  const int before = Begun(step);
  return Eventually([&] { return Begun(step) > 0 && Begun(step) >= before; });
}

int AgentWorld::Begun(const std::string& step) const {
  return CountIn(directory / ("marks/" + step), "begun");
}

pid_t AgentWorld::Application() const {
  const Found found = FindSupervised(directory / "agent/run/applications/shop/web");
  return found.running && found.state && !found.state->exited ? found.state->pid : 0;
}

std::string AgentWorld::AgentLog() const {
  std::error_code missing;
  return std::filesystem::exists(directory / "agent.log", missing)
             ? ReadText(directory / "agent.log")
             : "";
}

}  // namespace slipway::agent::test
