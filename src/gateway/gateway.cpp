#include "src/gateway/gateway.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <fstream>
#include <map>
#include <vector>

#include "reconciler/api/gitrepository.hpp"
#include "reconciler/base/guarded.hpp"
#include "src/agent/protocol.hpp"
#include "src/gateway/agents.hpp"
#include "src/gateway/claims.hpp"
#include "src/gateway/session.hpp"
#include "src/gateway/wanted_logs.hpp"
#include "src/git/mirror_id.hpp"
#include "src/http/await.hpp"
#include "src/http/listener.hpp"

namespace slipway::gateway {
namespace {

namespace asio = boost::asio;
using http::Exchange;
using http::Response;
using protocol::Refusal;
using ExchangePtr = std::shared_ptr<Exchange>;
using Built = Result<std::shared_ptr<const git::PackFile>>;

constexpr std::chrono::seconds kTick{1};
constexpr Duration kStopGrace{3'000};
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;  ///< of each pack on its way
constexpr int kMaxPacks = 16;  ///< that one agent waits for; as many as it may have connections

Response Refuse(int status, const std::string& reason, const std::string& message) {
  return {.status = status,
          .body = protocol::Encode(Refusal{.reason = reason, .message = message})};
}

Response Refuse(const Error& error) {
  std::string message = error.message;
  for (const Cause& cause : error.causes) {
    message += "; " + cause.field + ": " + cause.message;
  }
  return Refuse(HttpStatus(error.code), Reason(error.code), message);
}

/// One more of a server, for as long as this lives.
class Counted {
 public:
  Counted(std::map<std::string, int>& counts, const std::string& server)
      : counts_(counts), mine_(counts.try_emplace(server).first) {
    ++mine_->second;
  }
  ~Counted() {
    if (--mine_->second == 0) {
      counts_.erase(mine_);
    }
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  int number() const { return mine_->second; }

 private:
  std::map<std::string, int>& counts_;
  const std::map<std::string, int>::iterator mine_;
};

/// A connection that has a place at its server; it leaves with this, however its coroutine ends.
struct Place {
  Place(Agents& all, std::string name, std::shared_ptr<Session> speaker)
      : agents(all), server(std::move(name)), session(std::move(speaker)) {}
  ~Place() { agents.Leave(server, session, silent); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  Agents& agents;
  const std::string server;
  const std::shared_ptr<Session> session;
  Duration silent{0};  ///< before the connection ended, where that is why
};

}  // namespace

struct Gateway::State : std::enable_shared_from_this<State> {
  State(asio::io_context& loop, kube::ObjectClient& objects, git::Content& packs,
        const apiserver::Pki& pki, const Clock& time, GatewayOptions given)
      : io(loop),
        client(objects),
        content(packs),
        clock(time),
        options(std::move(given)),
        agents(objects, time,
               {.incarnation = options.incarnation, .grace = options.grace, .silence = Silence()}),
        claims(objects, agents.catalog(), time, pki),
        timer(loop) {}

  // -- life
  void Tick();
  void Follow();
  Duration Silence() const { return options.heartbeat_interval * protocol::kSilentIntervals; }
  Result<void> Listen();
  void Stop(std::function<void()> done);

  // -- who is asking
  std::string ServerOf(const http::Peer& peer) const;

  // -- what is asked
  asio::awaitable<void> Handle(ExchangePtr exchange);
  asio::awaitable<void> HandleClaim(ExchangePtr exchange);
  asio::awaitable<void> HandleSession(ExchangePtr exchange, std::string server);
  asio::awaitable<void> HandlePack(ExchangePtr exchange, std::string server);
  asio::awaitable<void> HandleLog(ExchangePtr exchange, std::string server);
  asio::awaitable<Built> BuildPack(std::string repository, std::string have, std::string want);
  void OnBuilt(std::uint64_t number, const Built& built);
  asio::awaitable<void> SendPack(ExchangePtr exchange, std::shared_ptr<const git::PackFile> pack);
  bool MayHave(const std::string& server, const std::string& repository,
               const std::string& commit) const;

  asio::io_context& io;
  kube::ObjectClient& client;
  git::Content& content;
  const Clock& clock;
  const GatewayOptions options;
  Agents agents;
  Claims claims;
  asio::steady_timer timer;
  std::unique_ptr<http::Listener> listener;
  std::function<void()> ready;
  WantedLogs logs;
  std::map<std::uint64_t, std::function<void(Built)>> builds;  ///< packs that somebody waits for
  std::uint64_t last_build = 0;
  std::map<std::string, int> wanted_packs;  ///< how many each server waits for
  bool stopping = false;
};

Gateway::Gateway(asio::io_context& io, kube::ObjectClient& client, git::Content& content,
                 const apiserver::Pki& pki, const Clock& clock, GatewayOptions options)
    : state_(std::make_shared<State>(io, client, content, pki, clock, std::move(options))) {}
Gateway::~Gateway() = default;

Result<void> Gateway::Start(std::function<void()> ready) {
  SLIPWAY_TRYV(state_->Listen());
  state_->ready = std::move(ready);
  state_->agents.Start();
  state_->Tick();
  return Ok();
}

http::Endpoint Gateway::endpoint() const { return state_->listener->endpoint(); }

Result<void> Gateway::ReplaceIdentity(http::TlsIdentity identity) {
  return state_->listener->ReplaceIdentity(std::move(identity));
}

void Gateway::Stop(std::function<void()> done) { state_->Stop(std::move(done)); }

void Gateway::FetchLogs(apiserver::LogRequest request,
                        std::function<void(Result<std::string>)> done) {
  const std::string server = request.ns + "/" + request.server;
  Speaker* const speaker = state_->agents.SpeakerOf(server);
  const std::string id = WantedLogs::NewId();
  if (state_->stopping || speaker == nullptr ||
      !speaker->Send({.request_id = id,
                      .application = request.application,
                      .process = request.process,
                      .step = "",
                      .lines = static_cast<std::int64_t>(request.lines)})) {
    return asio::post(state_->io, [done = std::move(done), name = request.server] {
      done(Fail(Code::kUnavailable, "the agent of server " + name +
                                        " is not connected; `slipway describe server " + name +
                                        "` says since when"));
    });
  }
  state_->logs.Add(id, server, state_->clock.Mono() + state_->options.log_deadline,
                   std::move(done));
}

// -- life -------------------------------------------------------------------------------------------

Result<void> Gateway::State::Listen() {
  auto handler = [self = weak_from_this()](ExchangePtr exchange) -> asio::awaitable<void> {
    if (const auto state = self.lock()) {
      co_await state->Handle(std::move(exchange));
    }
  };
  listener = std::make_unique<http::Listener>(io, options.listener, std::move(handler));
  return listener->Open();
}

void Gateway::State::Tick() {
  agents.Tick();
  Follow();
  logs.Expire(clock.Mono());
  if (ready && agents.settled()) {
    std::exchange(ready, nullptr)();
  }
  timer.expires_after(kTick);
  timer.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto state = self.lock();
    if (!error && state && !state->stopping) {
      state->Tick();
    }
  });
}

/// What changed is taken in piece by piece, so that messages need not wait for all of it.
void Gateway::State::Follow() {
  if (agents.Follow()) {
    asio::post(io, [self = weak_from_this()] {
      const auto state = self.lock();
      if (state && !state->stopping) {
        state->Follow();
      }
    });
  }
}

void Gateway::State::Stop(std::function<void()> done) {
  stopping = true;
  timer.cancel();
  logs.ExpireAll();
  for (const auto& [number, waiting] : std::exchange(builds, {})) {
    waiting(Fail(Code::kUnavailable, "the control plane stops"));
  }
  agents.CloseAll(protocol::CloseCode::kGoingAway, "the control plane stops");
  if (listener == nullptr) {
    return asio::post(io, std::move(done));
  }
  listener->Stop(kStopGrace, std::move(done));
}

// -- who is asking ----------------------------------------------------------------------------------

/// "namespace/name" of the server that is asking; empty for a stranger.
std::string Gateway::State::ServerOf(const http::Peer& peer) const {
  const bool agent = peer.has_certificate && peer.organisations.size() == 1 &&
                     peer.organisations[0] == apiserver::kAgentsGroup;
  return agent && agents.IsClaimed(peer.common_name, peer.key_hash) ? peer.common_name
                                                                    : std::string();
}

// -- what is asked ----------------------------------------------------------------------------------

asio::awaitable<void> Gateway::State::Handle(ExchangePtr exchange) {
  const std::string path = exchange->head().path;
  const std::string& method = exchange->head().method;
  if (!agents.complete()) {
    auto refusal = Refuse(503, "Starting", "the control plane is starting; come back in a moment");
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  if (method == "POST" && path == "/v1/claim") {
    co_await HandleClaim(exchange);
    co_return;
  }
  const std::string server = ServerOf(exchange->peer());
  if (server.empty()) {
    auto refusal =
        Refuse(401, "Unauthorized",
               "this needs the certificate of an agent whose ServerClaim is still there");
    (void)co_await exchange->Respond(std::move(refusal));
  } else if (method == "GET" && path == "/v1/session") {
    co_await HandleSession(exchange, server);
  } else if (method == "GET" && path == "/v1/packs") {
    co_await HandlePack(exchange, server);
  } else if (method == "POST" && path.starts_with("/v1/logs/")) {
    co_await HandleLog(exchange, server);
  } else {
    auto refusal = Refuse(404, "NotFound", "there is no " + method + " " + path);
    (void)co_await exchange->Respond(std::move(refusal));
  }
}

asio::awaitable<void> Gateway::State::HandleClaim(ExchangePtr exchange) {
  const auto body = co_await exchange->ReadBody(protocol::kMaxClaimBytes);
  const auto request = body.has_value() ? protocol::DecodeClaimRequest(body.value())
                                        : Result<protocol::ClaimRequest>(body.error());
  if (!request.has_value()) {
    auto refusal = Refuse(request.error());
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  std::string token = exchange->head().Header("authorization");
  const std::string server = ServerOf(exchange->peer());
  const bool renewal = !token.starts_with("Bearer ");
  if (renewal && server.empty()) {
    auto refusal = Refuse(401, "Unauthorized", "the token is missing");
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  token.erase(0, 7);
  using Answered = Result<Claims::Answer>;
  std::function<void(std::function<void(Answered)>)> start =
      [this, renewal, token, server, key = exchange->peer().key_hash,
       wanted = request.value()](std::function<void(Answered)> done) {
        renewal ? claims.Renew(server, key, wanted, std::move(done))
                : claims.Handle(token, wanted, std::move(done));
      };
  const auto answer = co_await http::AwaitCallback<Answered>(std::move(start));
  Response response;
  if (!answer.has_value()) {
    response = Refuse(answer.error());
  } else if (const auto* reply = std::get_if<protocol::ClaimReply>(&answer.value())) {
    response = {.status = 200, .body = protocol::Encode(*reply)};
  } else {
    response = {.status = 202,
                .body = protocol::Encode(std::get<protocol::ClaimWaiting>(answer.value()))};
  }
  (void)co_await exchange->Respond(std::move(response));
}

asio::awaitable<void> Gateway::State::HandleSession(ExchangePtr exchange, std::string server) {
  http::WebSocketOptions socket_options{.subprotocol = std::string(protocol::kSubprotocol),
                                        .message_bytes = protocol::kMaxMessageBytes,
                                        .silence = Silence()};
  const auto socket = co_await exchange->Upgrade(std::move(socket_options));
  if (!socket.has_value()) {
    auto refusal = Refuse(socket.error());
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  const std::string key_hash = exchange->peer().key_hash;
  const auto session = std::make_shared<Session>(socket.value());
  const auto hello = co_await session->Greet(options.heartbeat_interval);
  if (!hello.has_value()) {
    co_return;
  }
  Place place(agents, server, session);
  if (stopping) {
    session->Close(protocol::CloseCode::kGoingAway, "the control plane stops");
  } else {
    agents.Seat(server, key_hash, hello.value(), session);
  }
  Session::OnMessage on_message = [this, server,
                                   weak = std::weak_ptr(session)](protocol::AgentMessage message) {
    agents.Hear(server, weak.lock(), std::move(message));
  };
  const Error why = co_await session->Run(std::move(on_message));
  if (why.code == Code::kTimeout) {
    place.silent = socket.value()->Silent();
  }
}

/// Whether `commit` is among what this server is wanted to run or to test.
bool Gateway::State::MayHave(const std::string& server, const std::string& repository,
                             const std::string& commit) const {
  const api::Server* object = agents.catalog().FindServer(server);
  if (object == nullptr) {
    return false;
  }
  const protocol::Assign assign = agents.catalog().AssignmentOf(*object);
  for (const auto& release : assign.releases) {
    if (release.repository == repository && release.intent.commit.value == commit) {
      return true;
    }
  }
  for (const auto& run : assign.test_runs) {
    if (run.repository == repository && run.commit.value == commit) {
      return true;
    }
  }
  return false;
}

asio::awaitable<void> Gateway::State::HandlePack(ExchangePtr exchange, std::string server) {
  const std::string repository(exchange->head().Query("repository"));
  const std::string want(exchange->head().Query("want"));
  const std::string have(exchange->head().Query("have"));
  if (!MayHave(server, repository, want)) {
    auto refusal =
        Refuse(403, "Forbidden", "this server is not wanted to have " + want + " of " + repository);
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  // Counted until it is built, also where the agent has hung up meanwhile: the build goes on.
  const Counted counted(wanted_packs, server);
  if (counted.number() > kMaxPacks) {
    auto refusal = Refuse(429, Reason(Code::kTooManyRequests),
                          "this agent waits for " + std::to_string(kMaxPacks) + " packs already");
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  const auto pack = co_await BuildPack(repository, have, want);
  if (!pack.has_value()) {
    auto refusal = Refuse(pack.error());
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  co_await SendPack(exchange, pack.value());
}

asio::awaitable<Built> Gateway::State::BuildPack(std::string repository, std::string have,
                                                 std::string want) {
  const std::size_t slash = repository.find('/');
  const std::string ns = repository.substr(0, slash);
  const std::string name = slash == std::string::npos ? "" : repository.substr(slash + 1);
  using Object = Result<kube::ObjectText>;
  std::function<void(std::function<void(Object)>)> get = [this, ns,
                                                          name](std::function<void(Object)> done) {
    client.Get({kApiVersion, "gitrepositories", ns, name}, std::move(done));
  };
  const auto text = co_await http::AwaitCallback<Object>(std::move(get));
  if (!text.has_value()) {
    co_return text.error();
  }
  const auto object = api::Decode<api::GitRepository>(*text.value());
  if (!object.has_value()) {
    co_return object.error();
  }
  const std::string mirror = git::MirrorIdOf(ns, name, object.value().metadata.uid);
  const Commit had(have);
  const Commit wanted(want);
  std::function<void(std::function<void(Built)>)> build =
      [this, mirror, had, wanted](std::function<void(Built)> done) {
        if (stopping) {
          return done(Fail(Code::kUnavailable, "the control plane stops"));
        }
        const std::uint64_t number = ++last_build;
        builds.emplace(number, std::move(done));
        options.run_on_pool(
            [&packs = content, &home = io, self = weak_from_this(), number, mirror, had, wanted] {
              Built built = Guarded([&] { return packs.Pack(mirror, had, wanted); });
              asio::post(home, [self, number, built = std::move(built)] {
                if (const auto state = self.lock()) {
                  state->OnBuilt(number, built);
                }
              });
            });
      };
  co_return co_await http::AwaitCallback<Built>(std::move(build));
}

/// Tells who waits for it; nobody does once the gateway stops.
void Gateway::State::OnBuilt(std::uint64_t number, const Built& built) {
  if (const auto waiting = builds.extract(number)) {
    waiting.mapped()(built);
  }
}

asio::awaitable<void> Gateway::State::SendPack(ExchangePtr exchange,
                                               std::shared_ptr<const git::PackFile> pack) {
  std::ifstream file(pack->path, std::ios::binary);
  if (!file) {
    auto refusal = Refuse(500, "InternalError", "the pack cannot be read");
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  Response head{.content_type = "application/x-git-pack"};
  const auto begun = co_await exchange->BeginStream(std::move(head));
  bool going = begun.has_value();
  while (going) {
    std::string chunk(kChunkBytes, '\0');
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    chunk.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad()) {
      co_return;  // No end, so that nobody takes the half for the whole.
    }
    if (chunk.empty()) {
      (void)co_await exchange->EndStream();
      co_return;
    }
    const auto sent = co_await exchange->Write(std::move(chunk));
    going = sent.has_value();
  }
}

asio::awaitable<void> Gateway::State::HandleLog(ExchangePtr exchange, std::string server) {
  const std::string id = exchange->head().path.substr(std::string("/v1/logs/").size());
  const auto body = co_await exchange->ReadBody(protocol::kMaxLogBytes);
  const WantedLogs::Done done = logs.Take(id, server);
  if (done == nullptr) {
    auto refusal = Refuse(404, "NotFound", "nobody waits for this log any more");
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  if (!body.has_value()) {
    done(body.error());
  } else if (exchange->head().Header("content-type").starts_with("application/json")) {
    const auto refusal = protocol::DecodeRefusal(body.value());
    done(Fail(Code::kNotFound,
              refusal.has_value() ? refusal.value().message : "the agent could not read the log"));
  } else {
    done(body.value());
  }
  Response thanks{.status = 204, .content_type = "", .body = ""};
  (void)co_await exchange->Respond(std::move(thanks));
}

}  // namespace slipway::gateway
