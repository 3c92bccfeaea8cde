#include "tests/src/apiserver/api_world.hpp"

#include <stdexcept>
#include <utility>

#include "reconciler/base/json.hpp"

namespace slipway::apiserver {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (!result.has_value()) {
    throw std::runtime_error(result.error().message);
  }
  return std::move(result.value());
}

}  // namespace

ApiWorld::ApiWorld() : ApiWorld(Options()) {}

ApiWorld::ApiWorld(Options options) : options_(std::move(options)) { Start(); }

ApiWorld::~ApiWorld() { End(); }

void ApiWorld::Restart() {
  End();
  Start();
}

void ApiWorld::Start() {
  store = Must(store::SqliteStore::Open({.path = pki.folder() + "/data", .clock = &clock}));
  std::promise<Result<void>> started;
  io.Run([&] {
    const Post post = [this](std::function<void()> run) {
      boost::asio::post(io.io, std::move(run));
    };
    registry = std::make_unique<Registry>(*store, clock, post, 7);
    Server::Options server_options;
    server_options.listener.identity = pki.Identity();
    server_options.listener.limits = options_.limits;
    server_options.bookmark_interval = options_.bookmark_interval;
    server_options.bounds = options_.bounds;
    server_options.on_turned_away = options_.on_turned_away;
    server_options.audit = options_.audit;
    server = std::make_unique<Server>(io.io, *registry, metrics, clock, &logs, server_options);
    housekeeping = std::make_unique<Housekeeping>(
        io.io, *registry, clock,
        Housekeeping::Options{.interval = options_.housekeeping_interval,
                              .events_interval = options_.housekeeping_interval,
                              .look_at_certificates = options_.look_at_certificates,
                              .certificates_interval = options_.housekeeping_interval,
                              .on_fault = options_.on_fault});
    registry->Start([&](Result<void> result) { started.set_value(std::move(result)); });
  });
  const auto result = started.get_future().get();
  if (!result.has_value()) {
    throw std::runtime_error(result.error().message);
  }
  io.Run([&] {
    const auto opened = server->Open();
    if (!opened.has_value()) {
      throw std::runtime_error(opened.error().message);
    }
    server->SetReady(true);
    housekeeping->Start();
    port = server->endpoint().port;
  });
}

void ApiWorld::End() {
  Stop();
  io.Run([&] {
    housekeeping.reset();
    server.reset();
    registry.reset();
    store.reset();
  });
}

void ApiWorld::Stop() {
  if (port == 0) {
    return;
  }
  port = 0;
  std::promise<void> server_stopped;
  std::promise<void> housekeeping_stopped;
  io.Run([&] {
    server->Stop([&] { server_stopped.set_value(); });
    housekeeping->Stop([&] { housekeeping_stopped.set_value(); });
  });
  server_stopped.get_future().wait();
  housekeeping_stopped.get_future().wait();
}

WatchReader::WatchReader(ApiWorld& world, const std::string& path, const std::string& query,
                         const std::string& headers)
    : client_(std::make_unique<http::TlsClient>(world.port, world.pki.Admin())) {
  client_->Send("GET " + path + "?watch=1" + (query.empty() ? "" : "&" + query) +
                " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
  http::Answer head = client_->ReadHead();
  status_ = head.status;
}

nlohmann::json WatchReader::Next() {
  while (lines_.empty() && !ended_) {
    const std::string chunk = client_->ReadChunk();
    ended_ = chunk.empty();
    rest_ += chunk;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      lines_.push_back(rest_.substr(0, end));
      rest_.erase(0, end + 1);
    }
  }
  if (lines_.empty()) {
    return {};
  }
  const std::string line = std::move(lines_.front());
  lines_.pop_front();
  return ReadJson(line);
}

std::vector<std::string> WatchReader::Take(std::size_t count) {
  std::vector<std::string> events;
  for (std::size_t i = 0; i < count; ++i) {
    const nlohmann::json event = Next();
    if (event.is_null()) {
      break;
    }
    events.push_back(event["type"].get<std::string>() + " " +
                     event["object"]["metadata"].value("name", std::string("-")));
  }
  return events;
}

}  // namespace slipway::apiserver
