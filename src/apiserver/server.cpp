#include "src/apiserver/server.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <utility>

#include "reconciler/base/rng.hpp"
#include "src/apiserver/access/access.hpp"
#include "src/apiserver/access/access_requests.hpp"
#include "src/apiserver/access/access_tokens.hpp"
#include "src/apiserver/access/audited_exchange.hpp"
#include "src/apiserver/access/authorizer.hpp"
#include "src/apiserver/answer/answer_form.hpp"
#include "src/apiserver/documents/discovery.hpp"
#include "src/apiserver/documents/served_documents.hpp"
#include "src/apiserver/object_requests.hpp"
#include "src/apiserver/registry/reads.hpp"
#include "src/apiserver/request/list_options.hpp"
#include "src/apiserver/request/media_types.hpp"
#include "src/apiserver/request/option_faults.hpp"
#include "src/apiserver/request/request_options.hpp"
#include "src/apiserver/request/route.hpp"
#include "src/apiserver/watch_stream.hpp"
#include "src/http/listener.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using http::Response;
using std::chrono::steady_clock;
using ExchangePtr = std::shared_ptr<http::Exchange>;

/// Threads that read lists.
constexpr std::size_t kPoolThreads = 2;
/// How long requests may go on after Stop.
constexpr Duration kGrace = std::chrono::seconds(3);

/// Also readable while the server is not: no path under here tells anything.
bool IsProbe(const std::string& path) {
  return path == "/livez" || path == "/readyz" || path == "/healthz";
}

Response Plain(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

Response JsonBody(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

std::size_t BytesOf(const ObjectList& list) {
  std::size_t bytes = 0;
  for (const Object& object : list.items) {
    bytes += object.size();
  }
  return bytes;
}

}  // namespace

struct Server::State : public std::enable_shared_from_this<Server::State> {
  State(asio::io_context& context, Registry& objects, metrics::Metrics& numbers, const Clock& time,
        LogSource* logs, Options given)
      : io(context),
        registry(objects),
        metrics(numbers),
        clock(time),
        options(std::move(given)),
        requests{&objects, &time, logs, &pool},
        tokens(objects, time),
        access{&requests, &objects, &tokens, &time},
        traffic(options.bounds, numbers, time, options.on_turned_away),
        rng(static_cast<std::uint64_t>(time.Now().time_since_epoch().count())),
        watches(numbers.MakeGauge("slipway_api_watches", "Watches that are open.")) {}

  asio::awaitable<void> Handle(ExchangePtr plain);
  static Result<std::string> Admit(AuditedExchange& exchange, const Result<User>& user,
                                   const Result<Route>& route);
  asio::awaitable<void> Answer(ExchangePtr exchange, std::string verb, Route route, User user);
  asio::awaitable<void> Watch(ExchangePtr exchange, Route route, User user);
  Response Describe(const http::RequestHead& head, const Route& route) const;
  void Count(const std::string& verb, const Route& route, int status,
             steady_clock::time_point begin);
  void CountConnections();
  Duration LongestWatch(const WatchRequest& request, const User& user);

  asio::io_context& io;
  Registry& registry;
  metrics::Metrics& metrics;
  const Clock& clock;
  Options options;
  ObjectRequests requests;
  AccessTokens tokens;
  AccessRequests access;
  Traffic traffic;
  RecentLines lines;
  Rng rng;
  metrics::Gauge watches;
  FairPool pool{kPoolThreads};  ///< ends before all that is held by who waits for it
  std::unique_ptr<http::Listener> listener;
  bool ready = false;
};

asio::awaitable<void> Server::State::Handle(ExchangePtr plain) {
  if (IsProbe(plain->head().path)) {
    const bool good = ready || plain->head().path != "/readyz";
    Response response = Plain(good ? "ok" : "not ready", good ? 200 : 503);
    (void)co_await plain->Respond(std::move(response));
    co_return;
  }
  const auto exchange = std::make_shared<AuditedExchange>(plain, options.audit, clock, rng);
  const auto route = ParseRoute(exchange->head().path);
  const ObjectPath* path =
      route.has_value() && route.value().path.kind != nullptr ? &route.value().path : nullptr;
  const auto user = Identify(*exchange, tokens);
  const auto verb = Admit(*exchange, user, route);
  if (!verb.has_value()) {
    Response refusal = Failure(verb.error(), path);
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  if (!exchange->MarkAuthenticated(Traffic::KeyOf(user.value()))) {
    Response refusal = Failure(traffic.TurnAway(Traffic::What::kConnection, user.value()), path);
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  exchange->StillWelcome(
      [this, asked = exchange.get()] { return Identify(*asked, tokens).has_value(); });
  if (verb.value() == "watch") {
    co_await Watch(exchange, route.value(), user.value());
  } else {
    co_await Answer(exchange, verb.value(), route.value(), user.value());
  }
}

/// The verb of a request that may be done; the error of another one. Who may not is not told either what
/// there is.
Result<std::string> Server::State::Admit(AuditedExchange& exchange, const Result<User>& user,
                                         const Result<Route>& route) {
  const Attributes wanted =
      AttributesOf(exchange.head(), route.has_value() ? &route.value() : nullptr);
  exchange.Wants(wanted);
  if (!user.has_value()) {
    return user.error();
  }
  const Decision decision = Authorize(user.value(), wanted);
  exchange.IsBy(user.value());
  exchange.Decided(decision);
  if (!decision.allowed) {
    return Forbidden(user.value(), wanted, decision.reason);
  }
  if (!route.has_value()) {
    return route.error();
  }
  return VerbOf(exchange.head(), route.value());
}

asio::awaitable<void> Server::State::Answer(ExchangePtr exchange, std::string verb, Route route,
                                            User user) {
  const auto begin = steady_clock::now();
  // Until the client has the answer: it takes memory until then.
  const Traffic::Place place = traffic.Enter(Traffic::What::kRequest, user);
  Response response;
  if (place == nullptr) {
    response = Failure(traffic.TurnAway(Traffic::What::kRequest, user), nullptr);
  } else if (route.path.kind == nullptr) {
    response = Describe(exchange->head(), route);
  } else if (AccessRequests::Takes(verb, route)) {
    response = co_await access.Answer(exchange, route, user);
  } else {
    response = co_await requests.Answer(exchange, verb, route, user);
  }
  // Of all answers only lists are large; and what was written must not be answered as if it had not been.
  const std::size_t rest = response.rest == nullptr ? 0 : response.rest->held();
  Traffic::Place bytes = traffic.EnterBytes(response.body.size() + rest, user);
  if (bytes == nullptr && verb == "list") {
    response = Failure(traffic.TurnAway(Traffic::What::kBytes, user), nullptr);
  }
  // A list has its form already: large work is done on the pool.
  const bool is_list = response.status == 200 && (verb == "list" || verb == "deletecollection");
  if (!is_list && response.content_type == "application/json" && WantsLines(exchange->head())) {
    response.body = WithLines(response.body);
  }
  if (route.path.kind == nullptr) {
    Pack(exchange->head(), response);
  }
  Count(verb, route, response.status, begin);
  (void)co_await exchange->Respond(std::move(response));
}

Response Server::State::Describe(const http::RequestHead& head, const Route& route) const {
  using Target = Route::Target;
  switch (route.target) {
    case Target::kVersion:
      return JsonBody(VersionInfo());
    case Target::kMetrics: {
      Response response = Plain(metrics.Text());
      response.content_type = metrics::Metrics::kTextType;
      return response;
    }
    case Target::kCoreVersions:
      return ServeDiscovery(head, false);
    case Target::kGroups:
      return ServeDiscovery(head, true);
    case Target::kGroup:
      return JsonBody(GroupInfo(route.group));
    case Target::kResources:
      return JsonBody(ResourceList(route.group, route.version));
    case Target::kOpenApiV2:
      return ServeOpenApiV2(head);
    case Target::kOpenApiV3:
      return route.rest.empty() ? ServeOpenApiV3Index(head) : ServeOpenApiV3(head, route.rest);
    case Target::kRoot:
    case Target::kCollection:
    case Target::kObject:
    case Target::kStatus:
    case Target::kLog:
      return JsonBody(PathList());
  }
  return JsonBody(PathList());
}

Duration Server::State::LongestWatch(const WatchRequest& request, const User& user) {
  const Duration longest = TimeOf(request, rng);
  return user.expires ? std::min(longest, *user.expires - clock.Now()) : longest;
}

asio::awaitable<void> Server::State::Watch(ExchangePtr exchange, Route route, User user) {
  if (auto refusal = NotAcceptable(exchange->head())) {
    (void)co_await exchange->Respond(std::move(*refusal));
    co_return;
  }
  const auto request = WatchRequestOf(exchange->head());
  const auto form = TableOf(exchange->head());
  WatchJob job;
  Result<void> good = Ok();
  if (!request.has_value()) {
    good = request.error();
  } else if (!form.has_value()) {
    good = form.error();
  } else {
    job = {.registry = &registry,
           .clock = &clock,
           .lines = &lines,
           .requests = &requests,
           .user = Traffic::KeyOf(user),
           .path = route.path,
           .request = request.value(),
           .form = form.value(),
           .longest = LongestWatch(request.value(), user),
           .bookmark_interval = options.bookmark_interval,
           .on_revoked = [this, user](std::function<void()> ended) {
             return tokens.OnRevoked(user, std::move(ended));
           }};
  }
  const Traffic::Place place = traffic.Enter(Traffic::What::kWatch, user);
  if (good.has_value() && place == nullptr) {
    good = traffic.TurnAway(Traffic::What::kWatch, user);
  }
  if (good.has_value() && job.request.initial) {
    job.listing = traffic.Enter(Traffic::What::kRequest, user);
    if (job.listing == nullptr) {
      good = traffic.TurnAway(Traffic::What::kRequest, user);
    }
  }
  if (good.has_value() && job.request.initial) {
    ListOptions wanted;
    wanted.selectors = job.request.selectors;
    wanted.piece_by_piece = true;
    auto list = co_await requests.ReadList(route.path, std::move(wanted), Traffic::KeyOf(user));
    if (list.has_value()) {
      good = CheckNotOlder(list.value(), job.request.not_older);
      job.listed_bytes = traffic.EnterBytes(BytesOf(list.value()), user);
      if (job.listed_bytes == nullptr) {
        good = traffic.TurnAway(Traffic::What::kBytes, user);
      }
      job.initial = std::move(list.value());
    } else {
      good = list.error();
    }
  }
  if (!good.has_value()) {
    Response refusal =
        Failure(good.error(), request.has_value() ? &route.path : &OptionsPath("ListOptions"));
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  watches.Add(1);
  co_await StreamWatch(exchange, std::move(job));
  watches.Add(-1);
}

void Server::State::Count(const std::string& verb, const Route& route, int status,
                          steady_clock::time_point begin) {
  const std::string resource = route.path.kind == nullptr ? "" : route.path.kind->plural;
  metrics
      .MakeCounter("slipway_api_requests_total", "Requests that were answered, watches apart.",
                   {{"verb", verb}, {"resource", resource}, {"code", std::to_string(status)}})
      .Add();
  const std::chrono::duration<double> elapsed = steady_clock::now() - begin;
  metrics
      .MakeHistogram("slipway_api_request_seconds", "Time until an answer was ready to be sent.",
                     {{"verb", verb}}, {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10})
      .Observe(elapsed.count());
}

void Server::State::CountConnections() {
  auto open = metrics.MakeGauge("slipway_api_connections", "Connections to the API.");
  auto strangers = metrics.MakeGauge("slipway_api_connections_unauthenticated",
                                     "Connections to the API of nobody known.");
  auto refused = metrics.MakeCounter("slipway_api_connections_turned_away_total",
                                     "Connections that were closed because there were too many.");
  auto faults =
      metrics.MakeCounter("slipway_api_faults_total", "Requests that met a fault of the server.");
  metrics.OnCollect([weak = weak_from_this(), open, strangers, refused, faults]() mutable {
    const auto self = weak.lock();
    if (self != nullptr && self->listener != nullptr) {
      const http::ListenerCounts counts = self->listener->counts();
      open.Set(static_cast<double>(counts.connections));
      strangers.Set(static_cast<double>(counts.unauthenticated));
      refused.RaiseTo(static_cast<double>(counts.refused + counts.evicted));
      faults.RaiseTo(static_cast<double>(counts.faults));
    }
  });
}

Server::Server(asio::io_context& io, Registry& registry, metrics::Metrics& metrics,
               const Clock& clock, LogSource* logs, Options options)
    : state_(std::make_shared<State>(io, registry, metrics, clock, logs, std::move(options))) {
  const http::Handler handler = [state = state_.get()](ExchangePtr exchange) {
    return state->Handle(std::move(exchange));
  };
  state_->options.listener.known = MayUseApi;
  state_->listener = std::make_unique<http::Listener>(io, state_->options.listener, handler);
  state_->CountConnections();
}

Server::~Server() = default;

Result<void> Server::Open() { return state_->listener->Open(); }

http::Endpoint Server::endpoint() const { return state_->listener->endpoint(); }

void Server::SetReady(bool ready) { state_->ready = ready; }

Result<void> Server::ReplaceIdentity(http::TlsIdentity identity) {
  return state_->listener->ReplaceIdentity(std::move(identity));
}

void Server::Stop(std::function<void()> done) {
  state_->ready = false;
  state_->listener->Stop(kGrace, std::move(done));
}

}  // namespace slipway::apiserver
