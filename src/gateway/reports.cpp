#include "src/gateway/reports.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "reconciler/api/conditions.hpp"

namespace slipway::gateway {
namespace {

constexpr const char* kReachable = "Reachable";
constexpr Duration kRetryPause{1'000};

constexpr std::size_t kMaxMessage = 1'024;

struct Words {
  api::ConditionStatus status;
  std::string reason;
  std::string message;
};

Words WordsFor(Reach reach) {
  switch (reach) {
    case Reach::kConnected:
      return {api::ConditionStatus::kTrue, "Connected", "The agent is connected."};
    case Reach::kUnconfirmed:
      return {api::ConditionStatus::kUnknown, "Unconfirmed",
              "The agent has not reported since it or the control plane started."};
    case Reach::kLost:
      return {api::ConditionStatus::kFalse, "Lost",
              "The agent is silent: is the server up, is slipway-agent running, can it reach the "
              "control plane?"};
    case Reach::kConflict:
      return {api::ConditionStatus::kUnknown, "Conflict",
              "Two agents claim to be this server; stop one of them."};
  }
  return {api::ConditionStatus::kUnknown, "Unknown", ""};
}

Words Refuses(const std::string& why) {
  return {api::ConditionStatus::kFalse, "AssignmentRefused", api::Shortened(why, kMaxMessage)};
}

/// Sets a condition; its time changes only when its status does.
void SetCondition(std::vector<api::Condition>& conditions, const std::string& type,
                  const Words& words, std::int64_t generation, Time now) {
  for (api::Condition& condition : conditions) {
    if (condition.type == type) {
      if (condition.status != words.status) {
        condition.last_transition_time = now;
      }
      condition.status = words.status;
      condition.reason = words.reason;
      condition.message = words.message;
      condition.observed_generation = generation;
      return;
    }
  }
  conditions.push_back({.type = type,
                        .status = words.status,
                        .reason = words.reason,
                        .message = words.message,
                        .observed_generation = generation,
                        .last_transition_time = now});
}

bool SaysReachable(const api::ServerStatus& status) {
  return std::ranges::any_of(status.conditions, [](const api::Condition& condition) {
    return condition.type == kReachable && condition.status == api::ConditionStatus::kTrue;
  });
}

std::int64_t StoredIncarnation(const api::Server* server) {
  std::int64_t incarnation = 0;
  if (server != nullptr && server->status.agent) {
    const std::string& text = server->status.agent->incarnation;
    std::from_chars(text.data(), text.data() + text.size(), incarnation);
  }
  return incarnation;
}

std::uint64_t VersionOf(const api::ObjectMeta& metadata) {
  return api::VersionNumber(metadata.resource_version);
}

/// The release as it is to be stored: a step that changed without its phase stays as it was.
api::ServerRelease WithoutNewStep(const api::ServerStatus& stored, api::ServerRelease release) {
  for (const api::ServerRelease& old : stored.releases) {
    if (old.application == release.application && old.attempt && release.attempt &&
        std::tie(old.attempt->rollout, old.attempt->number, old.attempt->phase) ==
            std::tie(release.attempt->rollout, release.attempt->number, release.attempt->phase)) {
      release.attempt->step = old.attempt->step;
    }
  }
  return release;
}

}  // namespace

api::ServerStatus ServerStatusOf(const api::ServerStatus& stored, std::int64_t generation,
                                 const std::string& agent_version, const protocol::Report* report,
                                 Reach reach, Time now) {
  api::ServerStatus status = stored;
  status.observed_generation = generation;
  if (report != nullptr) {
    status.addresses = report->addresses;
    status.agent = api::AgentInfo{.version = agent_version,
                                  .incarnation = std::to_string(report->incarnation)};
    status.releases.clear();
    for (const api::ServerRelease& release : report->releases) {
      status.releases.push_back(WithoutNewStep(stored, release));
    }
  }
  const Words words = WordsFor(reach);
  SetCondition(status.conditions, kReachable, words, generation, now);
  const bool refuses = report != nullptr && !report->refused.empty() && reach == Reach::kConnected;
  SetCondition(status.conditions, "Ready", refuses ? Refuses(report->refused) : words, generation,
               now);
  return status;
}

bool Reports::Greet(const std::string& server, const protocol::Hello& hello) {
  Entry& entry = entries_[server];
  entry.incarnation = std::max(entry.incarnation, StoredIncarnation(catalog_.FindServer(server)));
  if (hello.incarnation < entry.incarnation) {
    return false;
  }
  if (hello.incarnation > entry.incarnation) {
    entry.incarnation = hello.incarnation;
    entry.report.reset();
  }
  entry.version = hello.version;
  return true;
}

void Reports::Take(const std::string& server, protocol::Report report) {
  Entry& entry = entries_[server];
  const bool older = report.incarnation < entry.incarnation ||
                     (entry.report && report.incarnation == entry.report->incarnation &&
                      report.sequence < entry.report->sequence);
  if (older) {
    return;
  }
  entry.incarnation = report.incarnation;
  std::erase_if(entry.runs_written, [&](const auto& written) {
    return std::ranges::find(report.test_runs, written.first, [](const auto& run) {
             return run.uid.value;
           }) == report.test_runs.end();
  });
  entry.report = std::move(report);
  Touch(server);
}

void Reports::Forget(const std::string& server) {
  entries_.erase(server);
  dirty_.erase(server);
  later_.erase(server);
}

bool Reports::settled() const {
  return std::ranges::all_of(entries_, [](const auto& entry) { return entry.second.settled; });
}

void Reports::TryLater(const std::string& key) {
  later_.insert(key);
  if (!retry_at_) {
    retry_at_ = clock_.Mono() + kRetryPause;
  }
}

void Reports::Flush() {
  if (retry_at_ && clock_.Mono() >= *retry_at_) {
    retry_at_.reset();
    dirty_.merge(later_);
    later_.clear();
  }
  for (const std::string& key : std::exchange(dirty_, {})) {
    const auto found = entries_.try_emplace(key).first;
    FlushServer(key, found->second);
  }
}

void Reports::FlushServer(const std::string& key, Entry& entry) {
  const api::Server* server = catalog_.FindServer(key);
  if (server == nullptr) {
    entries_.erase(key);
    return;
  }
  if (entry.uid != server->metadata.uid) {
    entry.uid = server->metadata.uid;
    entry.written.reset();
    entry.told = false;
    entry.unknown = false;
  }
  const Reach reach = ReachOf(key, entry, *server);
  const bool believed = entry.report && reach != Reach::kConflict;
  const bool server_done = WriteServer(key, entry, *server, reach);
  const bool runs_done = !believed || WriteTestRuns(key, entry, *server);
  if (server_done && runs_done && believed) {
    on_durable_(key, entry.report->incarnation, entry.report->sequence);
  }
}

/// What was stored before this process started, or before the server was lost, is not believed because an agent is connected:
/// only its report says what runs there.
Reach Reports::ReachOf(const std::string& key, const Entry& entry,
                       const api::Server& server) const {
  const Reach reach = liveness_.Of(key);
  const bool known = entry.report || (entry.told && SaysReachable(StoredStatus(entry, server)));
  return reach == Reach::kConnected && !known ? Reach::kUnconfirmed : reach;
}

/// What is stored now, by what this process wrote or, once that is older, by what the catalog holds.
const api::ServerStatus& Reports::StoredStatus(const Entry& entry, const api::Server& server) {
  return entry.written && VersionOf(server.metadata) < entry.written->version
             ? entry.written->status
             : server.status;
}

/// True when the stored status says everything already.
bool Reports::WriteServer(const std::string& key, Entry& entry, const api::Server& server,
                          Reach reach) {
  if (entry.writing) {
    return false;  // Its answer looks again.
  }
  const bool believed = entry.report && reach != Reach::kConflict;
  const api::ServerStatus& stored = StoredStatus(entry, server);
  const api::ServerStatus status =
      ServerStatusOf(stored, server.metadata.generation, entry.version,
                     believed ? &*entry.report : nullptr, reach, clock_.Now());
  if (status == stored && !entry.unknown) {
    entry.told = true;
    entry.settled = true;
    return true;
  }
  entry.writing = true;
  client_.WriteStatus({kApiVersion, "servers", server.metadata.ns, server.metadata.name}, entry.uid,
                      "", api::Encode(status),
                      [this, alive = std::weak_ptr(alive_), key, uid = entry.uid,
                       status](const Result<kube::ObjectText>& written) {
                        if (!alive.expired()) {
                          OnServerWritten(key, uid, status, written);
                        }
                      });
  return false;
}

void Reports::OnServerWritten(const std::string& key, const Uid& uid,
                              const api::ServerStatus& status,
                              const Result<kube::ObjectText>& written) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    return;
  }
  Entry& entry = found->second;
  entry.writing = false;
  if (written.has_value()) {
    if (entry.uid == uid) {  // Otherwise it was a Server of this name that is gone.
      const auto answer = api::Decode<api::Server>(*written.value());
      const std::uint64_t version = answer.has_value() ? VersionOf(answer.value().metadata) : 0;
      entry.written = Written{status, version};
      entry.told = true;
      entry.unknown = false;
    }
    dirty_.erase(key);
    FlushServer(key, entry);
    return;
  }
  const Error& error = written.error();
  entry.unknown = true;
  entry.settled = entry.settled || DispositionOf(error.code) == Disposition::kTerminal;
  if (error.code != Code::kNotFound) {
    spdlog::warn("gateway: status of server {} was not written: {}", key, error.message);
  }
  TryLater(key);
}

/// True when every test run that was reported says so, or is not there to say it any more.
bool Reports::WriteTestRuns(const std::string& key, Entry& entry, const api::Server& server) {
  bool done = true;
  if (!entry.report) {
    return done;
  }
  for (const protocol::TestRunReport& reported : entry.report->test_runs) {
    const std::string run_key = server.metadata.ns + "/" + reported.name;
    const api::TestRun* run = catalog_.FindTestRun(run_key);
    if (run == nullptr || run->metadata.uid != reported.uid ||
        run->status.phase == api::TestRunPhase::kEnded) {
      continue;
    }
    if (entry.runs_writing.contains(reported.name)) {
      done = false;
      continue;  // Its answer looks again.
    }
    // What was written counts before the catalog hears of it.
    const auto written = entry.runs_written.find(reported.uid.value);
    if (written != entry.runs_written.end() && written->second == reported.status) {
      continue;
    }
    api::TestRunStatus status = reported.status;
    status.conditions = run->status.conditions;
    status.observed_generation = run->metadata.generation;
    if (status == run->status) {
      continue;
    }
    done = false;
    entry.runs_writing.insert(reported.name);
    client_.WriteStatus({kApiVersion, "testruns", server.metadata.ns, reported.name}, reported.uid,
                        run->metadata.resource_version, api::Encode(status),
                        [this, alive = std::weak_ptr(alive_), key,
                         reported](const Result<kube::ObjectText>& answer) {
                          if (!alive.expired()) {
                            OnTestRunWritten(key, reported, answer);
                          }
                        });
  }
  return done;
}

void Reports::OnTestRunWritten(const std::string& key, const protocol::TestRunReport& reported,
                               const Result<kube::ObjectText>& written) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    return;
  }
  found->second.runs_writing.erase(reported.name);
  if (written.has_value()) {
    found->second.runs_written[reported.uid.value] = reported.status;
    dirty_.erase(key);
    FlushServer(key, found->second);
    return;
  }
  // A conflict is somebody else's verdict, which the catalog hears of next.
  if (written.error().code != Code::kConflict) {
    spdlog::warn("gateway: status of test run {} was not written: {}", reported.name,
                 written.error().message);
  }
  TryLater(key);
}

}  // namespace slipway::gateway
