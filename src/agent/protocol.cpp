#include "src/agent/protocol.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/json_codecs.hpp"
#include "reconciler/base/json.hpp"

namespace slipway::protocol {
namespace {

using api::codec::Cursor;
using api::codec::Form;
using api::codec::Json;
using api::codec::Presence;

template <typename T>
Json ToJson(const T& value) {
  return api::codec::Write(value, Form::kComplete);
}

/// Reads the members of one message; what fails first is kept.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) { api::codec::IsObject(json, at_); }

  template <typename T>
  Reader& Required(std::string_view key, T& value) {
    return Field(key, Presence::kRequired, value);
  }

  template <typename T>
  Reader& Optional(std::string_view key, T& value) {
    return Field(key, Presence::kOptional, value);
  }

  /// Milliseconds.
  Reader& Length(std::string_view key, Presence presence, Duration& value) {
    std::int64_t ms = value.count();
    Field(key, presence, ms);
    value = Duration(ms);
    return *this;
  }

  template <typename T, typename ReadOne>
  Reader& List(std::string_view key, std::vector<T>& values, ReadOne read_one) {
    if (at_.failed()) {
      return *this;
    }
    const auto found = json_.find(key);
    if (found == json_.end()) {
      return *this;
    }
    if (!found->is_array()) {
      at_.Enter(key);
      at_.Refuse("must be a list");
      return *this;
    }
    for (const Json& item : *found) {
      Reader reader(item);
      read_one(reader, values.emplace_back());
      if (reader.at_.failed() && !at_.failed()) {
        at_.Enter(key);
        at_.Refuse(reader.at_.TakeError().message);
      }
    }
    return *this;
  }

  template <typename T>
  Result<T> Finish(T value) {
    if (at_.failed()) {
      return Fail(Code::kBadRequest, at_.TakeError().message);
    }
    return value;
  }

  template <typename T>
  Reader& Field(std::string_view key, Presence presence, T& value) {
    if (!at_.failed()) {
      api::codec::ReadField(json_, key, presence, value, at_);
    }
    return *this;
  }

 private:
  const Json& json_;
  Cursor at_;
};

Json EpochJson(const host::Epoch& epoch) {
  return {{"incarnation", epoch.incarnation}, {"version", epoch.version}};
}

Result<host::Epoch> ReadEpoch(const Json& message) {
  const auto found = message.is_object() ? message.find("epoch") : message.end();
  if (!message.is_object() || found == message.end()) {
    return Fail(Code::kBadRequest, "epoch: is required");
  }
  host::Epoch epoch;
  Reader reader(*found);
  reader.Required("incarnation", epoch.incarnation).Required("version", epoch.version);
  return reader.Finish(std::move(epoch));
}

Result<Json> ParseMessage(std::string_view text) {
  if (text.size() > kMaxMessageBytes) {
    return Fail(Code::kTooLarge,
                "a message has more than " + std::to_string(kMaxMessageBytes) + " bytes");
  }
  Json json = ReadJson(text);
  if (!json.is_object() || !json.contains("type") || !json["type"].is_string()) {
    return Fail(Code::kBadRequest, "a message is a JSON object with a type");
  }
  return json;
}

// ---- agent -> gateway ----

Json Write(const Hello& hello) {
  return {{"type", "hello"},
          {"protocol", hello.protocol},
          {"version", hello.version},
          {"name", hello.name},
          {"sequence", hello.sequence},
          {"incarnation", hello.incarnation},
          {"capabilities", hello.capabilities}};
}

Result<AgentMessage> ReadHello(const Json& json) {
  Hello hello;
  std::vector<std::int64_t> versions;
  Reader reader(json);
  reader.Required("protocol", versions)
      .Required("version", hello.version)
      .Required("name", hello.name)
      .Required("incarnation", hello.incarnation)
      .Optional("sequence", hello.sequence)
      .Optional("capabilities", hello.capabilities);
  hello.protocol.assign(versions.begin(), versions.end());
  return reader.Finish<AgentMessage>(std::move(hello));
}

Json Write(const Report& report) {
  Json runs = Json::array();
  for (const TestRunReport& run : report.test_runs) {
    runs.push_back({{"name", run.name}, {"uid", run.uid.value}, {"status", ToJson(run.status)}});
  }
  return {{"type", "report"},
          {"incarnation", report.incarnation},
          {"sequence", report.sequence},
          {"addresses", report.addresses},
          {"epoch", EpochJson(report.epoch)},
          {"refused", report.refused},
          {"releases", ToJson(report.releases)},
          {"testRuns", std::move(runs)}};
}

Result<AgentMessage> ReadReport(const Json& json) {
  Report report;
  SLIPWAY_TRY(epoch, ReadEpoch(json));
  report.epoch = std::move(epoch);
  Reader reader(json);
  reader.Required("incarnation", report.incarnation)
      .Required("sequence", report.sequence)
      .Optional("addresses", report.addresses)
      .Optional("refused", report.refused)
      .Optional("releases", report.releases)
      .List("testRuns", report.test_runs, [](Reader& item, TestRunReport& run) {
        item.Required("name", run.name).Required("uid", run.uid).Required("status", run.status);
      });
  return reader.Finish<AgentMessage>(std::move(report));
}

Json Write(const StepEvent& event) {
  return {{"type", "step"},
          {"application", event.application},
          {"testRun", event.test_run},
          {"rollout", event.rollout},
          {"attempt", event.attempt},
          {"step", event.step},
          {"ended", event.ended},
          {"result", event.result},
          {"elapsed", event.elapsed.count()},
          {"message", event.message},
          {"output", event.output}};
}

Result<AgentMessage> ReadStep(const Json& json) {
  StepEvent event;
  Reader reader(json);
  reader.Required("application", event.application)
      .Optional("testRun", event.test_run)
      .Optional("rollout", event.rollout)
      .Optional("attempt", event.attempt)
      .Required("step", event.step)
      .Optional("ended", event.ended)
      .Optional("result", event.result)
      .Length("elapsed", Presence::kOptional, event.elapsed)
      .Optional("message", event.message)
      .Optional("output", event.output);
  return reader.Finish<AgentMessage>(std::move(event));
}

// ---- gateway -> agent ----

Json Write(const Welcome& welcome) {
  return {{"type", "welcome"},
          {"protocol", welcome.protocol},
          {"heartbeatInterval", welcome.heartbeat_interval.count()}};
}

Result<GatewayMessage> ReadWelcome(const Json& json) {
  Welcome welcome;
  std::int64_t version = 0;
  Reader reader(json);
  reader.Required("protocol", version)
      .Length("heartbeatInterval", Presence::kRequired, welcome.heartbeat_interval);
  welcome.protocol = static_cast<int>(version);
  return reader.Finish<GatewayMessage>(welcome);
}

Json Write(const Assign& assign) {
  Json releases = Json::array();
  for (const ReleaseAssignment& release : assign.releases) {
    releases.push_back({{"intent", ToJson(release.intent)},
                        {"repository", release.repository},
                        {"path", release.path},
                        {"tree", release.tree.value},
                        {"template", ToJson(release.release)}});
  }
  Json runs = Json::array();
  for (const TestAssignment& run : assign.test_runs) {
    runs.push_back({{"name", run.name},
                    {"uid", run.uid.value},
                    {"application", run.application},
                    {"rollout", run.rollout},
                    {"number", run.number},
                    {"commit", run.commit.value},
                    {"hash", run.hash.value},
                    {"repository", run.repository},
                    {"path", run.path},
                    {"tree", run.tree.value},
                    {"template", ToJson(run.release_template)}});
  }
  return {{"type", "assign"},
          {"epoch", EpochJson(assign.epoch)},
          {"releases", std::move(releases)},
          {"testRuns", std::move(runs)}};
}

Result<GatewayMessage> ReadAssign(const Json& json) {
  Assign assign;
  SLIPWAY_TRY(epoch, ReadEpoch(json));
  assign.epoch = std::move(epoch);
  Reader reader(json);
  reader.List("releases", assign.releases, [](Reader& item, ReleaseAssignment& release) {
    item.Required("intent", release.intent)
        .Required("repository", release.repository)
        .Optional("path", release.path)
        .Optional("tree", release.tree)
        .Required("template", release.release);
  });
  reader.List("testRuns", assign.test_runs, [](Reader& item, TestAssignment& run) {
    item.Required("name", run.name)
        .Required("uid", run.uid)
        .Required("application", run.application)
        .Required("rollout", run.rollout)
        .Required("number", run.number)
        .Required("commit", run.commit)
        .Required("hash", run.hash)
        .Required("repository", run.repository)
        .Optional("path", run.path)
        .Optional("tree", run.tree)
        .Required("template", run.release_template);
  });
  return reader.Finish<GatewayMessage>(std::move(assign));
}

Json Write(const Ack& ack) { return {{"type", "ack"}, {"sequence", ack.sequence}}; }

Result<GatewayMessage> ReadAck(const Json& json) {
  Ack ack;
  Reader reader(json);
  reader.Required("sequence", ack.sequence);
  return reader.Finish<GatewayMessage>(ack);
}

Json Write(const LogsRequest& request) {
  return {{"type", "logs"},
          {"requestId", request.request_id},
          {"application", request.application},
          {"process", request.process},
          {"step", request.step},
          {"lines", request.lines}};
}

Result<GatewayMessage> ReadLogs(const Json& json) {
  LogsRequest request;
  Reader reader(json);
  reader.Required("requestId", request.request_id)
      .Required("application", request.application)
      .Optional("process", request.process)
      .Optional("step", request.step)
      .Optional("lines", request.lines);
  return reader.Finish<GatewayMessage>(std::move(request));
}

Json Write(const UnknownMessage& message) { return {{"type", message.type}}; }

}  // namespace

std::string Encode(const AgentMessage& message) {
  return std::visit([](const auto& one) { return PrintJson(Write(one)); }, message);
}

std::string Encode(const GatewayMessage& message) {
  return std::visit([](const auto& one) { return PrintJson(Write(one)); }, message);
}

Result<AgentMessage> DecodeAgentMessage(std::string_view text) {
  SLIPWAY_TRY(json, ParseMessage(text));
  const std::string type = json["type"].get<std::string>();
  if (type == "hello") {
    return ReadHello(json);
  }
  if (type == "report") {
    return ReadReport(json);
  }
  if (type == "step") {
    return ReadStep(json);
  }
  return AgentMessage(UnknownMessage{.type = type});
}

Result<GatewayMessage> DecodeGatewayMessage(std::string_view text) {
  SLIPWAY_TRY(json, ParseMessage(text));
  const std::string type = json["type"].get<std::string>();
  if (type == "welcome") {
    return ReadWelcome(json);
  }
  if (type == "assign") {
    return ReadAssign(json);
  }
  if (type == "ack") {
    return ReadAck(json);
  }
  if (type == "logs") {
    return ReadLogs(json);
  }
  return GatewayMessage(UnknownMessage{.type = type});
}

std::string Encode(const ClaimRequest& request) {
  return PrintJson({{"name", request.name},
                    {"version", request.version},
                    {"csr", request.csr},
                    {"addresses", request.addresses},
                    {"providerID", request.provider_id}});
}

std::string Encode(const ClaimReply& reply) {
  return PrintJson({{"certificate", reply.certificate}, {"ca", reply.ca}});
}

std::string Encode(const ClaimWaiting& waiting) {
  return PrintJson({{"reason", waiting.reason},
                    {"message", waiting.message},
                    {"retryAfter", waiting.retry_after.count()}});
}

std::string Encode(const Refusal& refusal) {
  return PrintJson({{"reason", refusal.reason}, {"message", refusal.message}});
}

Result<ClaimRequest> DecodeClaimRequest(std::string_view text) {
  if (text.size() > kMaxClaimBytes) {
    return Fail(Code::kTooLarge,
                "a claim has more than " + std::to_string(kMaxClaimBytes) + " bytes");
  }
  const Json json = ReadJson(text);
  ClaimRequest request;
  Reader reader(json);
  reader.Required("name", request.name)
      .Optional("version", request.version)
      .Required("csr", request.csr)
      .Optional("addresses", request.addresses)
      .Optional("providerID", request.provider_id);
  return reader.Finish(std::move(request));
}

Result<ClaimReply> DecodeClaimReply(std::string_view text) {
  const Json json = ReadJson(text);
  ClaimReply reply;
  Reader reader(json);
  reader.Required("certificate", reply.certificate).Required("ca", reply.ca);
  return reader.Finish(std::move(reply));
}

Result<ClaimWaiting> DecodeClaimWaiting(std::string_view text) {
  const Json json = ReadJson(text);
  ClaimWaiting waiting;
  Reader reader(json);
  reader.Required("reason", waiting.reason)
      .Optional("message", waiting.message)
      .Length("retryAfter", Presence::kOptional, waiting.retry_after);
  return reader.Finish(std::move(waiting));
}

Result<Refusal> DecodeRefusal(std::string_view text) {
  const Json json = ReadJson(text);
  Refusal refusal;
  Reader reader(json);
  reader.Required("reason", refusal.reason).Optional("message", refusal.message);
  return reader.Finish(std::move(refusal));
}

std::optional<int> ChooseVersion(std::span<const int> offered) {
  std::optional<int> best;
  for (const int version : offered) {
    if (version >= kOldest && version <= kNewest && (!best || version > *best)) {
      best = version;
    }
  }
  return best;
}

}  // namespace slipway::protocol
