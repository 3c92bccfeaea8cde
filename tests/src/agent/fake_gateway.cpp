#include "tests/src/agent/fake_gateway.hpp"

#include <gtest/gtest.h>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>

#include "src/http/listener.hpp"
#include "tests/src/agent/support.hpp"
#include "tests/src/http/io_thread.hpp"
#include "tests/src/http/test_pki.hpp"

namespace slipway::agent::test {
namespace {

namespace asio = boost::asio;

Time Now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

/// What the git program makes, as it is documented for the server: thin where `have` is given.
std::string MakePack(const std::string& repository, const std::string& have,
                     const std::string& want) {
  const std::string input = have.empty() ? "--shallow " + want + "\n" + want + "\n"
                                         : "--shallow " + have + "\n--shallow " + want + "\n" +
                                               want + "\n^" + have + "\n";
  return git::test::ExecuteRaw({"git", "pack-objects", "--thin", "--shallow", "--revs",
                                "--no-use-bitmap-index", "--stdout", "-q"},
                               input, repository);
}

}  // namespace

struct FakeGateway::State {
  explicit State(std::string from) : repository(std::move(from)) {
    io.Run([this] {
      listener = std::make_unique<http::Listener>(
          io.io,
          http::ListenerOptions{.address = "127.0.0.1", .port = 0, .identity = pki.Identity()},
          [this](std::shared_ptr<http::Exchange> exchange) { return Handle(std::move(exchange)); });
      EXPECT_TRUE(listener->Open());
      return 0;
    });
  }

  asio::awaitable<void> Handle(std::shared_ptr<http::Exchange> exchange) {
    const std::string path = exchange->head().path;
    http::Response response;
    response.status = 404;
    if (path == "/v1/session" && exchange->peer().has_certificate && IsStranger()) {
      response.status = 401;
    } else if (path == "/v1/session" && exchange->peer().has_certificate) {
      co_await Session(exchange);
      co_return;
    }
    if (path == "/v1/claim") {
      const Result<std::string> body = co_await exchange->ReadBody(protocol::kMaxClaimBytes);
      response = Claim(exchange->head().Header("authorization"), exchange->peer().has_certificate,
                       body ? body.value() : "");
    } else if (path == "/v1/packs" && exchange->peer().has_certificate) {
      co_await WaitForPacks();
      response = Pack(exchange->head());
    } else if (path.rfind("/v1/logs/", 0) == 0 && exchange->peer().has_certificate) {
      const Result<std::string> body = co_await exchange->ReadBody(protocol::kMaxLogBytes);
      const std::lock_guard lock(mutex);
      logs[path.substr(9)] = body ? body.value() : "unreadable";
      response.status = 200;
    }
    (void)co_await exchange->Respond(std::move(response));
  }

  http::Response Claim(const std::string& authorization, bool certified, const std::string& body) {
    const std::lock_guard lock(mutex);
    http::Response response;
    const Result<protocol::ClaimRequest> request = protocol::DecodeClaimRequest(body);
    const bool renewal = authorization.empty() && certified && !forgotten;
    if ((authorization != std::string("Bearer ") + kToken && !renewal) || !request) {
      response.status = 401;
      response.body =
          protocol::Encode(protocol::Refusal{.reason = "Unauthorized", .message = "unknown token"});
      return response;
    }
    if (!refusal.empty()) {
      response.status = 202;
      response.body = protocol::Encode(protocol::ClaimWaiting{
          .reason = std::exchange(refusal, ""), .message = "wait", .retry_after = Duration(10)});
      return response;
    }
    const auto signing = apiserver::ReadSigningRequest(request.value().csr);
    const auto certificate =
        pki.pki().SignAgent(signing.value(), "default", request.value().name, Now(), lifetime);
    forgotten = false;
    ++claims;
    response.body = protocol::Encode(
        protocol::ClaimReply{.certificate = certificate.value(), .ca = pki.pki().ca_pem()});
    return response;
  }

  bool IsStranger() {
    const std::lock_guard lock(mutex);
    return forgotten || refusing;
  }

  asio::awaitable<void> WaitForPacks() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    held += holding ? 1 : 0;
    while (holding) {
      timer.expires_after(std::chrono::milliseconds(10));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  http::Response Pack(const http::RequestHead& head) {
    const std::string have(head.Query("have"));
    const std::string want(head.Query("want"));
    {
      const std::lock_guard lock(mutex);
      packs.push_back(have + " " + want);
    }
    http::Response response;
    response.content_type = "application/x-git-pack";
    response.body = MakePack(repository, have, want);
    return response;
  }

  asio::awaitable<void> Session(std::shared_ptr<http::Exchange> exchange) {
    http::WebSocketOptions options;
    options.subprotocol = protocol::kSubprotocol;
    Result<std::shared_ptr<http::WebSocket>> socket = co_await exchange->Upgrade(options);
    if (!socket) {
      co_return;
    }
    const std::shared_ptr<http::WebSocket> mine = socket.value();
    live = mine;
    outbox.clear();
    exchange->OnEnd([mine] { mine->Abort(); });
    while (true) {
      const Result<std::string> text = co_await mine->Read();
      if (!text) {
        break;
      }
      const Result<protocol::AgentMessage> message = protocol::DecodeAgentMessage(text.value());
      for (std::string& answer : Answer(message)) {
        Post(std::move(answer));
      }
    }
    if (live == mine) {
      live.reset();
    }
  }

  /// Sends a frame to the live session, after those that wait. On the io thread.
  void Post(std::string frame) {
    if (!live) {
      return;
    }
    outbox.push_back(std::move(frame));
    if (!writing) {
      writing = true;
      asio::co_spawn(io.io, WriteAll(), [this](const std::exception_ptr&) { writing = false; });
    }
  }

  asio::awaitable<void> WriteAll() {
    while (live && !outbox.empty()) {
      const std::shared_ptr<http::WebSocket> socket = live;
      std::string frame = std::move(outbox.front());
      outbox.pop_front();
      const Result<void> written = co_await socket->Write(std::move(frame));
      if (!written) {
        socket->Abort();
      }
    }
  }

  std::vector<std::string> Answer(const Result<protocol::AgentMessage>& message) {
    const std::lock_guard lock(mutex);
    std::vector<std::string> answers;
    EXPECT_TRUE(message) << "an agent says only what is a message";
    if (!message) {
      return answers;
    }
    if (const auto* hello = std::get_if<protocol::Hello>(&message.value())) {
      hellos.push_back(*hello);
      answers.push_back(protocol::Encode(protocol::GatewayMessage(
          protocol::Welcome{.protocol = 1, .heartbeat_interval = Duration(1'000)})));
      if (!assignment.empty()) {
        answers.push_back(assignment);
      }
    } else if (const auto* report = std::get_if<protocol::Report>(&message.value())) {
      reports.push_back(*report);
      if (acknowledging) {
        answers.push_back(protocol::Encode(
            protocol::GatewayMessage(protocol::Ack{.sequence = report->sequence})));
      }
    } else if (const auto* step = std::get_if<protocol::StepEvent>(&message.value())) {
      steps.push_back(*step);
    }
    return answers;
  }

  void Send(const std::string& frame) {
    io.Run([this, frame] {
      Post(frame);
      return 0;
    });
  }

  /// Every coroutine ends with the listener.
  void Stop() {
    std::promise<void> stopped;
    io.Run([&] {
      holding = false;
      listener->Stop(Duration(100), [&] { stopped.set_value(); });
      return 0;
    });
    stopped.get_future().wait();
    io.Run([this] {
      listener.reset();
      return 0;
    });
  }

  const std::string repository;
  http::TestPki pki;
  mutable std::mutex mutex;
  std::string refusal;
  std::string assignment;
  protocol::Assign assigned;
  std::vector<protocol::Hello> hellos;
  std::vector<protocol::Report> reports;
  std::vector<protocol::StepEvent> steps;
  std::vector<std::string> packs;
  std::map<std::string, std::string> logs;
  bool acknowledging = true;
  bool forgotten = false;
  bool refusing = false;
  int claims = 0;
  Duration lifetime = std::chrono::hours(24 * 365);
  bool holding = false;                   ///< io thread only
  int held = 0;                           ///< io thread only
  std::shared_ptr<http::WebSocket> live;  ///< io thread only
  std::deque<std::string> outbox;         ///< io thread only
  bool writing = false;                   ///< io thread only
  std::unique_ptr<http::Listener> listener;
  http::IoThread io;
};

FakeGateway::FakeGateway(const std::string& repository)
    : state_(std::make_unique<State>(repository)) {}
FakeGateway::~FakeGateway() { state_->Stop(); }

std::string FakeGateway::Url() const {
  return state_->io.Run([this] { return state_->listener->endpoint().LocalUrl(); });
}

std::string FakeGateway::CaHash() const { return state_->pki.pki().ca_hash(); }

void FakeGateway::Assign(std::vector<protocol::ReleaseAssignment> releases,
                         std::vector<protocol::TestAssignment> tests) {
  protocol::Assign assign;
  {
    const std::lock_guard lock(state_->mutex);
    assign.epoch = state_->assigned.epoch;
  }
  if (assign.epoch.incarnation.empty()) {
    assign.epoch = {.incarnation = "2026", .version = 0};
  }
  ++assign.epoch.version;
  assign.releases = std::move(releases);
  assign.test_runs = std::move(tests);
  AssignAs(std::move(assign));
}

void FakeGateway::AssignAs(protocol::Assign assign) {
  const std::string frame = protocol::Encode(protocol::GatewayMessage(assign));
  {
    const std::lock_guard lock(state_->mutex);
    state_->assigned = std::move(assign);
    state_->assignment = frame;
  }
  state_->Send(frame);
}

void FakeGateway::Ask(protocol::LogsRequest request) {
  state_->Send(protocol::Encode(protocol::GatewayMessage(std::move(request))));
}

void FakeGateway::Drop() {
  state_->io.Run([this] {
    if (state_->live) {
      state_->live->Abort();
    }
    return 0;
  });
}

void FakeGateway::RefuseOnce(const std::string& reason) {
  const std::lock_guard lock(state_->mutex);
  state_->refusal = reason;
}

void FakeGateway::RefuseSessions(bool refuse) {
  const std::lock_guard lock(state_->mutex);
  state_->refusing = refuse;
}

void FakeGateway::LifetimeOfCertificates(Duration lifetime) {
  const std::lock_guard lock(state_->mutex);
  state_->lifetime = lifetime;
}

int FakeGateway::Claims() const {
  const std::lock_guard lock(state_->mutex);
  return state_->claims;
}

void FakeGateway::ForgetAgents() {
  const std::lock_guard lock(state_->mutex);
  state_->forgotten = true;
}

void FakeGateway::AcknowledgeReports(bool acknowledge) {
  const std::lock_guard lock(state_->mutex);
  state_->acknowledging = acknowledge;
}

void FakeGateway::HoldPacks(bool hold) {
  state_->io.Run([this, hold] {
    state_->holding = hold;
    state_->held = 0;
    return 0;
  });
}

int FakeGateway::HeldPacks() const {
  return state_->io.Run([this] { return state_->held; });
}

bool FakeGateway::HasSession() const {
  return state_->io.Run([this] { return state_->live != nullptr; });
}

std::optional<protocol::Report> FakeGateway::LastReport() const {
  const std::lock_guard lock(state_->mutex);
  return state_->reports.empty() ? std::nullopt : std::optional(state_->reports.back());
}

std::vector<protocol::Report> FakeGateway::Reports() const {
  const std::lock_guard lock(state_->mutex);
  return state_->reports;
}

std::vector<protocol::StepEvent> FakeGateway::Steps() const {
  const std::lock_guard lock(state_->mutex);
  return state_->steps;
}

std::vector<protocol::Hello> FakeGateway::Hellos() const {
  const std::lock_guard lock(state_->mutex);
  return state_->hellos;
}

std::vector<std::string> FakeGateway::PackRequests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->packs;
}

std::optional<std::string> FakeGateway::Log(const std::string& request_id) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->logs.find(request_id);
  return found == state_->logs.end() ? std::nullopt : std::optional(found->second);
}

bool FakeGateway::Reported(const std::function<bool(const protocol::Report&)>& is) const {
  return Eventually([&] {
    const std::optional<protocol::Report> report = LastReport();
    return report && is(*report);
  });
}

}  // namespace slipway::agent::test
