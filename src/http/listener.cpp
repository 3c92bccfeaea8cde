#include "src/http/listener.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <list>
#include <unordered_map>

#include "src/http/connection.hpp"
#include "src/http/http_exchange.hpp"
#include "src/http/open_files.hpp"
#include "src/http/tls.hpp"

namespace slipway::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ConnectionPtr = std::shared_ptr<Connection>;

/// How long to wait when the system has no room for a further connection.
constexpr Duration kAcceptPause{100};

}  // namespace

struct Listener::State : public std::enable_shared_from_this<Listener::State> {
  State(asio::io_context& context, ListenerOptions given, Handler handle)
      : io(context),
        options(std::move(given)),
        handler(std::move(handle)),
        acceptor(context),
        pause(context),
        grace_over(context) {}

  Result<void> Bind();
  asio::awaitable<void> Accept();
  asio::awaitable<void> Serve(ConnectionPtr connection);
  asio::awaitable<void> RunHandler(std::shared_ptr<HttpExchange> exchange);
  void Report(const std::string& path, const std::string& what);
  void Spawn(tcp::socket socket);
  void Admit(Connection* connection);
  void Forget(Connection* connection);
  bool TakePlace(Connection* connection, const std::string& user);
  void LeavePlace(Connection* connection);
  void Evict();
  void Settle();

  asio::io_context& io;
  ListenerOptions options;
  Handler handler;
  std::shared_ptr<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  asio::steady_timer grace_over;
  std::unordered_map<Connection*, ConnectionPtr> connections;
  std::list<Connection*> strangers;  // not authenticated, oldest first
  std::unordered_map<std::string, std::list<Connection*>>
      of_identity;  // by common name, oldest first
  std::unordered_map<std::string, std::size_t> of_user;
  std::unordered_map<Connection*, std::string>
      users;  // of connections that MarkAuthenticated named
  ListenerCounts counts;
  bool accepting = false;  // the accept loop runs
  bool stopping = false;
  std::function<void()> stopped;
};

Result<void> Listener::State::Bind() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  const auto failed = [&](const std::string& what) {
    return Fail(Code::kUnavailable, "cannot " + what + " " + options.address + " port " +
                                        std::to_string(options.port) + ": " + error.message());
  };
  if (error) {
    return failed("use (it must be an IP address)");
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) {
    acceptor.bind(endpoint, error);
  }
  if (!error) {
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    return failed("listen on");
  }
  return Ok();
}

asio::awaitable<void> Listener::State::Accept() {
  while (!stopping) {
    boost::system::error_code error;
    tcp::socket socket =
        co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      Spawn(std::move(socket));
    } else if (!stopping) {
      pause.expires_after(kAcceptPause);
      boost::system::error_code cancelled;
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
  }
}

void Listener::State::Report(const std::string& path, const std::string& what) {
  ++counts.faults;
  if (options.on_fault) {
    options.on_fault(path, what);
  }
}

asio::awaitable<void> Listener::State::RunHandler(std::shared_ptr<HttpExchange> exchange) {
  try {
    co_await handler(exchange);
  } catch (const std::exception& error) {
    Report(exchange->head().path, error.what());  // Finish answers for it
  }
}

/// The life of one connection: requests until either side has enough.
asio::awaitable<void> Listener::State::Serve(ConnectionPtr connection) {
  const bool shaken = co_await connection->Handshake();
  if (shaken) {
    Admit(connection.get());
  }
  bool going = shaken && !connection->stopping();
  while (going) {
    const Limits& limits = connection->limits();
    const Duration patience = connection->authenticated() ? limits.idle : limits.header;
    connection->idle = true;
    const bool came = co_await connection->WaitForBytes(patience);
    connection->idle = false;
    if (!came) {
      break;
    }
    const auto exchange = std::make_shared<HttpExchange>(connection);
    const bool got = co_await exchange->ReadHead();
    if (!got) {
      break;
    }
    co_await RunHandler(exchange);
    going = co_await exchange->Finish();
  }
  co_await connection->ShutDown();
  connection->Abort();
}

void Listener::State::Spawn(tcp::socket socket) {
  ++counts.accepted;
  const bool full = connections.size() >= options.limits.connections;
  if (full && strangers.empty()) {
    ++counts.refused;
    return;  // closes it
  }
  if (full || strangers.size() >= options.limits.unauthenticated) {
    Evict();
  }
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto connection = std::make_shared<Connection>(std::move(socket), tls, options.limits);
  Connection* const key = connection.get();
  connections.emplace(key, connection);
  strangers.push_back(key);
  connection->on_authenticated = [this, key] { strangers.remove(key); };
  connection->on_named = [this, key](const std::string& user) { return TakePlace(key, user); };
  asio::co_spawn(
      io, Serve(connection),
      [self = shared_from_this(), key](const std::exception_ptr&) { self->Forget(key); });
}

/// A stranger who waits loses his place to the next one, so that no number of slow connections keeps
/// others out: the oldest one of the address that has most of them.
void Listener::State::Evict() {
  if (strangers.empty()) {
    return;
  }
  std::unordered_map<std::string, std::size_t> of_address;
  for (const Connection* stranger : strangers) {
    ++of_address[stranger->peer().address];
  }
  // Of equal ones, max_element gives the first.
  const auto victim = std::max_element(
      strangers.begin(), strangers.end(), [&](const Connection* one, const Connection* other) {
        return of_address[one->peer().address] < of_address[other->peer().address];
      });
  Connection* const connection = *victim;
  strangers.erase(victim);
  ++counts.evicted;
  connection->Abort();
}

/// Who is known keeps his place, but has no more of them than one client needs. What makes room is a plain connection, where
/// there is one: a WebSocket is not opened anew for each request.
void Listener::State::Admit(Connection* connection) {
  const Peer& peer = connection->peer();
  if (!peer.has_certificate || (options.known && !options.known(peer))) {
    return;
  }
  connection->Authenticate();
  if (options.limits.per_identity == 0) {
    return;
  }
  std::list<Connection*>& same = of_identity[peer.common_name];
  same.push_back(connection);
  if (same.size() > options.limits.per_identity) {
    const auto plain = std::ranges::find_if_not(same, &Connection::upgraded);
    const auto victim = *plain == connection ? same.begin() : plain;
    Connection* const oldest = *victim;
    same.erase(victim);
    ++counts.evicted;
    oldest->Abort();
  }
}

/// No user, and not all of them together, can take the places of those who come with a certificate.
bool Listener::State::TakePlace(Connection* connection, const std::string& user) {
  const Limits& limits = options.limits;
  const auto same = of_user.find(user);
  const std::size_t count = same == of_user.end() ? 0 : same->second;
  if ((limits.per_user != 0 && count >= limits.per_user) ||
      (limits.of_users != 0 && users.size() >= limits.of_users)) {
    return false;
  }
  of_user[user] = count + 1;
  users[connection] = user;
  return true;
}

void Listener::State::LeavePlace(Connection* connection) {
  const auto user = users.find(connection);
  if (user == users.end()) {
    return;
  }
  const auto same = of_user.find(user->second);
  if (--same->second == 0) {
    of_user.erase(same);
  }
  users.erase(user);
}

void Listener::State::Forget(Connection* connection) {
  strangers.remove(connection);
  LeavePlace(connection);
  const auto same = of_identity.find(connection->peer().common_name);
  if (same != of_identity.end()) {
    same->second.remove(connection);
    if (same->second.empty()) {
      of_identity.erase(same);
    }
  }
  connections.erase(connection);
  Settle();
}

void Listener::State::Settle() {
  if (stopped && !accepting && connections.empty()) {
    grace_over.cancel();
    asio::post(io, std::move(stopped));
    stopped = nullptr;
  }
}

Listener::Listener(asio::io_context& io, ListenerOptions options, Handler handler)
    : state_(std::make_shared<State>(io, std::move(options), std::move(handler))) {}

Listener::~Listener() = default;

Result<void> Listener::Open() {
  RaiseOpenFileLimit();
  SLIPWAY_TRYV(ReplaceIdentity(state_->options.identity));
  SLIPWAY_TRYV(state_->Bind());
  state_->accepting = true;
  asio::co_spawn(state_->io, state_->Accept(), [state = state_](const std::exception_ptr&) {
    state->accepting = false;
    state->Settle();
  });
  return Ok();
}

Endpoint Listener::endpoint() const {
  boost::system::error_code error;
  const auto local = state_->acceptor.local_endpoint(error);
  return {state_->options.address, error ? std::uint16_t{0} : local.port()};
}

Result<void> Listener::ReplaceIdentity(TlsIdentity identity) {
  SLIPWAY_TRY(context, MakeServerContext(identity));
  state_->tls = std::move(context);
  state_->options.identity = std::move(identity);
  return Ok();
}

ListenerCounts Listener::counts() const {
  ListenerCounts counts = state_->counts;
  counts.connections = state_->connections.size();
  counts.unauthenticated = state_->strangers.size();
  return counts;
}

void Listener::Stop(Duration grace, std::function<void()> done) {
  state_->stopping = true;
  state_->stopped = std::move(done);
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
  // Ending one may change the map.
  std::vector<ConnectionPtr> all;
  for (const auto& entry : state_->connections) {
    all.push_back(entry.second);
  }
  for (const auto& connection : all) {
    connection->Stop();
  }
  state_->grace_over.expires_after(grace);
  state_->grace_over.async_wait([state = state_](const boost::system::error_code& cancelled) {
    if (cancelled) {
      return;
    }
    for (const auto& entry : state->connections) {
      entry.second->Abort();
    }
  });
  state_->Settle();
}

}  // namespace slipway::http
