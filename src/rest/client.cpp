#include "src/rest/client.hpp"

#include <cpprest/containerstream.h>
#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <boost/asio/ssl.hpp>
#include <cctype>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "src/rest/proxy.hpp"
#include "src/rest/target.hpp"
#include "src/rest/trust.hpp"

namespace slipway::rest {
namespace {

namespace http = web::http;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxIdleLanes = 64;
constexpr Duration kLongestDeadline = std::chrono::hours(24);
// The time that cpprestsdk may take to let go of an exchange, once it has ended.
constexpr Duration kReleaseTimeout = std::chrono::seconds(5);
// A body in chunks of some bytes each is more on the wire than the body itself, and there is the head.
constexpr std::size_t kWireBytesPerByte = 4;
constexpr std::size_t kMaxHeadBytes = std::size_t{1} << 20;

struct TooLarge : std::runtime_error {
  TooLarge() : std::runtime_error("too large") {}
};

/// A length that cpprestsdk ignores, and so would not notice that some of the body is missing.
struct BadLength : std::runtime_error {
  BadLength() : std::runtime_error("bad length") {}
};

/// A kept connection that the server has closed meanwhile; nothing was sent.
struct Stale : std::runtime_error {
  Stale() : std::runtime_error("stale") {}
};

/// What the library's threads tell the thread that waits in Send. Shared by all of them, because an exchange that we give up goes on for
/// a while.
class Wire {
 public:
  Wire(const std::string& host, const std::string& ca_pem) {
    trust_.host = host;
    trust_.ca_pem = ca_pem;
    trust_.on_received = [this](std::size_t bytes) { Received(bytes); };
  }

  Trust& trust() { return trust_; }

  void Begin(const Request& request) {
    const std::lock_guard lock(mutex_);
    max_body_bytes_ = request.max_response_bytes;
    has_body_ = request.method != "HEAD";
    received_bytes_ = 0;
    trust_.refusal = 0;
    looked_ = answered_ = ended_ = settled_ = released_ = false;
    failure_ = nullptr;
    body_ = {};
  }

  concurrency::streams::ostream body_stream() { return body_.create_ostream(); }

  /// Throws where more than allowed has been announced, or it does not say how much.
  void Answered(const http::http_response& response) {
    const std::lock_guard lock(mutex_);
    answered_ = true;
    response_ = response;
    const auto length = response.headers().find(http::header_names::content_length);
    if (!has_body_ || length == response.headers().end() ||
        response.status_code() == http::status_codes::NotModified) {
      return;
    }
    std::uint64_t bytes = 0;
    const char* const last = length->second.data() + length->second.size();
    const auto [end, error] = std::from_chars(length->second.data(), last, bytes);
    if (error != std::errc() || end != last) {
      throw BadLength();
    }
    CheckSize(bytes);
  }
  /// Throws where more than allowed has come.
  void CheckSize(std::uint64_t body_bytes) const {
    if (body_bytes > max_body_bytes_) {
      throw TooLarge();
    }
  }
  void Ended(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      ended_ = true;
      failure_ = std::move(failure);
      changed_.notify_all();
    }
  }
  void Settled() {
    const std::lock_guard lock(mutex_);
    settled_ = true;
    changed_.notify_all();
  }
  void Released() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  /// Whether it ended in time.
  bool WaitEnded(SteadyClock::time_point until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, until, [this] { return ended_; });
  }
  /// Whether nobody works on it any more: the connection can be used again, and only then may the next exchange begin.
  bool WaitReleased(SteadyClock::time_point until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, until, [this] { return settled_ && released_; });
  }

  /// Whether the handle that cpprestsdk shows is a TLS stream and not a socket, which it does not say: through a tunnel it is one only
  /// where the exchange begins with a kept connection.
  bool ShowsTls(bool tunnelled) {
    const std::lock_guard lock(mutex_);
    const bool begins = !std::exchange(looked_, true);
    return !tunnelled || (begins && *trust_.connections > 0);
  }

  bool answered() const {
    const std::lock_guard lock(mutex_);
    return answered_;
  }
  std::exception_ptr failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  /// Once it has ended without failure.
  Response TakeResponse() {
    Response response;
    response.status = response_.status_code();
    for (const auto& [name, value] : response_.headers()) {
      std::string lower = name;
      std::ranges::transform(lower, lower.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      response.headers[lower] = value;
    }
    const auto& bytes = body_.collection();
    response.body.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    response_ = {};
    body_ = {};
    return response;
  }

 private:
  // Through TLS only. Without it cpprestsdk would take in a head or a chunk of any size before it tells.
  void Received(std::size_t bytes) {
    bool over = false;
    {
      const std::lock_guard lock(mutex_);
      received_bytes_ += bytes;
      over = received_bytes_ / kWireBytesPerByte > max_body_bytes_ + kMaxHeadBytes;
    }
    if (over) {
      Ended(std::make_exception_ptr(TooLarge()));
    }
  }

  Trust trust_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t max_body_bytes_ = 0;
  std::size_t received_bytes_ = 0;
  bool has_body_ = true;
  bool looked_ = false;
  bool answered_ = false;
  bool ended_ = false;
  bool settled_ = false;
  bool released_ = false;
  std::exception_ptr failure_;
  http::http_response response_;
  concurrency::streams::container_buffer<std::vector<std::uint8_t>> body_;
};

/// One http_client with at most one connection, which serves one exchange at a time: so it is known what becomes of the connection.
struct Lane {
  std::string base;
  Duration timeout{0};  ///< what an exchange may take at most
  bool kept = false;    ///< it may have a connection from an earlier exchange
  std::shared_ptr<Wire> wire;
  std::unique_ptr<http::client::http_client> client;
};

bool IsRepeatable(const std::string& method) {
  const auto safe = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  return std::ranges::find(safe, method) != safe.end();
}

/// Throws Stale where a connection that is open already has been closed by the other side. `talks_first`: whether bytes that nobody asked
/// for are in order, as in TLS.
void ThrowIfStale(const boost::asio::ip::tcp::socket& socket, bool talks_first) {
  if (!socket.is_open()) {
    return;
  }
  pollfd state{.fd = const_cast<boost::asio::ip::tcp::socket&>(socket).native_handle(),
               .events = static_cast<short>(POLLRDHUP | (talks_first ? 0 : POLLIN)),
               .revents = 0};
  if (::poll(&state, 1, 0) != 0) {
    throw Stale();
  }
}

http::client::http_client_config Configure(const Target& target, const std::optional<Proxy>& proxy,
                                           Duration timeout, const std::shared_ptr<Wire>& wire) {
  http::client::http_client_config config;
  config.set_timeout(timeout);
  config.set_max_redirects(0);
  config.set_tlsext_sni_enabled(!IsAddress(target.host));
  config.set_ssl_context_callback([wire](boost::asio::ssl::context& context) {
    if (!Demand(context.native_handle(), wire->trust())) {
      throw std::runtime_error("OpenSSL refuses the CA");
    }
  });
  if (proxy) {
    web::web_proxy door{web::uri(proxy->Origin())};
    // Each time that cpprestsdk uses a password it leaks a copy; here it must, once for each tunnel.
    if (target.tls && !proxy->user.empty()) {
      door.set_credentials(web::credentials(proxy->user, proxy->password));
    }
    config.set_proxy(door);
  }
  if (!target.tls) {
    config.set_nativehandle_options([](http::client::native_handle handle) {
      ThrowIfStale(*static_cast<boost::asio::ip::tcp::socket*>(handle), false);
    });
    return config;
  }
  config.set_nativehandle_options(
      [wire, tunnelled = proxy.has_value()](http::client::native_handle handle) {
        using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;
        if (wire->ShowsTls(tunnelled)) {
          ThrowIfStale(static_cast<Stream*>(handle)->next_layer(), true);
        }
      });
  return config;
}

http::http_request Compose(const Request& request, const Target& target,
                           const std::optional<Proxy>& proxy) {
  http::http_request message(request.method);
  message.set_request_uri(web::uri(target.Base() + target.path_and_query));
  if (!request.body.empty() || !IsRepeatable(request.method)) {
    // A stream that cannot be rewound: with one that can, cpprestsdk would send a POST again when a kept connection breaks, although
    // the server may have done what it asks for.
    concurrency::streams::producer_consumer_buffer<std::uint8_t> body;
    body.putn_nocopy(reinterpret_cast<const std::uint8_t*>(request.body.data()),
                     request.body.size())
        .get();
    body.close(std::ios_base::out).get();
    message.set_body(body.create_istream(), request.body.size());
    message.headers().remove(http::header_names::content_type);
  }
  for (const auto& [name, value] : request.headers) {
    message.headers().add(name, value);
  }
  if (!message.headers().has(http::header_names::user_agent)) {
    message.headers().add(http::header_names::user_agent, "slipway");
  }
  if (proxy && !proxy->user.empty() && !target.tls) {
    const std::string credentials = proxy->user + ":" + proxy->password;
    message.headers().add(http::header_names::proxy_authorization,
                          "Basic " + utility::conversions::to_base64(std::vector<unsigned char>(
                                         credentials.begin(), credentials.end())));
  }
  return message;
}

void Start(const Lane& lane, const Request& request, http::http_request message,
           const pplx::cancellation_token& token) {
  const std::shared_ptr<Wire> wire = lane.wire;
  wire->Begin(request);
  message.set_response_stream(wire->body_stream());
  // cpprestsdk lets go of the request once it has put the connection back.
  const std::shared_ptr<void> release(nullptr, [wire](void*) { wire->Released(); });
  message.set_progress_handler(
      [wire, release](http::message_direction::direction direction, utility::size64_t bytes) {
        if (direction == http::message_direction::download) {
          wire->CheckSize(bytes);
        }
      });
  lane.client->request(message, token)
      .then([wire](const http::http_response& response) {
        wire->Answered(response);
        return response.content_ready();
      })
      .then([wire](const pplx::task<http::http_response>& whole) {
        try {
          whole.get();
          wire->Ended(nullptr);
        } catch (...) {
          wire->Ended(std::current_exception());
        }
        wire->Settled();
      });
}

/// What OpenSSL says, where the number in an error of cpprestsdk is one of OpenSSL's.
std::string TlsReason(const http::http_exception& error) {
  const auto number = static_cast<unsigned long>(static_cast<unsigned>(error.error_code().value()));
  const char* const reason =
      ERR_GET_LIB(number) == ERR_LIB_SSL ? ERR_reason_error_string(number) : nullptr;
  return reason == nullptr ? "" : std::string(" (") + reason + ")";
}

/// Over cpprestsdk. Idle lanes are kept, those used last first.
class RestClient final : public Client {
 public:
  RestClient(ClientOptions options, std::optional<Proxy> http_proxy,
             std::optional<Proxy> https_proxy)
      : options_(std::move(options)),
        http_proxy_(std::move(http_proxy)),
        https_proxy_(std::move(https_proxy)) {}

  ~RestClient() override {
    const auto until = SteadyClock::now() + kReleaseTimeout;
    for (const std::weak_ptr<Wire>& given_up : given_up_) {
      if (const std::shared_ptr<Wire> wire = given_up.lock()) {
        wire->WaitReleased(until);
      }
    }
  }

  Result<Response> Send(const Request& request) override {
    SLIPWAY_TRY(target, ReadTarget(request.url));
    SLIPWAY_TRYV(CheckHead(request));
    try {
      const Duration allowed = std::clamp(request.deadline, Duration(1), kLongestDeadline);
      const auto deadline = SteadyClock::now() + allowed;
      Lane lane = Take(target, allowed);
      auto answer = Exchange(lane, request, target, deadline);
      if (!answer.has_value() && answer.error().code == Code::kUnavailable && lane.kept &&
          MayRepeat(*lane.wire, request)) {
        lane = Make(target, allowed);
        answer = Exchange(lane, request, target, deadline);
      }
      if (answer.has_value() && lane.wire->WaitReleased(SteadyClock::now() + kReleaseTimeout)) {
        Keep(std::move(lane));
      }
      return answer;
    } catch (const std::exception&) {
      // Its text may hold the URL.
      return Fail(Code::kInternal, "cpprestsdk refuses a request for " + target.Origin());
    }
  }

 private:
  const std::optional<Proxy>& ProxyFor(const Target& target) const {
    static const std::optional<Proxy> kNone;
    return IsExempt(options_.no_proxy, target.host, target.port)
               ? kNone
               : (target.tls ? https_proxy_ : http_proxy_);
  }

  Lane Make(const Target& target, Duration timeout) const {
    Lane lane{.base = target.Base(), .timeout = timeout};
    lane.wire = std::make_shared<Wire>(target.host, options_.ca_pem);
    lane.client = std::make_unique<http::client::http_client>(
        web::uri(lane.base), Configure(target, ProxyFor(target), timeout, lane.wire));
    return lane;
  }

  Lane Take(const Target& target, Duration timeout) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = std::ranges::find_if(idle_, [&, base = target.Base()](const Lane& lane) {
        return lane.base == base && lane.timeout >= timeout;
      });
      if (found != idle_.end()) {
        Lane lane = std::move(*found);
        idle_.erase(found);
        return lane;
      }
    }
    return Make(target, timeout);
  }

  void Keep(Lane lane) {
    std::list<Lane> dropped;  // its connection is closed without the lock
    lane.kept = true;
    const std::lock_guard lock(mutex_);
    idle_.push_front(std::move(lane));
    if (idle_.size() > kMaxIdleLanes) {
      dropped.splice(dropped.end(), idle_, std::prev(idle_.end()));
    }
  }

  /// Ends it, on the thread that works on the connection: cpprestsdk does not guard a socket against being closed by another.
  void GiveUp(const std::shared_ptr<Wire>& wire, const pplx::cancellation_token_source& source) {
    crossplat::threadpool::shared_instance().service().post([source] { source.cancel(); });
    const std::lock_guard lock(mutex_);
    std::erase_if(given_up_, [](const std::weak_ptr<Wire>& earlier) { return earlier.expired(); });
    given_up_.push_back(wire);
  }

  /// Only what surely was not done yet, or may be done twice.
  static bool MayRepeat(const Wire& wire, const Request& request) {
    try {
      if (const auto failure = wire.failure(); failure != nullptr) {
        std::rethrow_exception(failure);
      }
    } catch (const Stale&) {
      return true;
    } catch (const std::exception&) {
      return IsRepeatable(request.method) && !wire.answered();
    }
    return false;
  }

  Result<Response> Exchange(const Lane& lane, const Request& request, const Target& target,
                            SteadyClock::time_point deadline) {
    const pplx::cancellation_token_source source;
    Start(lane, request, Compose(request, target, ProxyFor(target)), source.get_token());
    const bool in_time = lane.wire->WaitEnded(deadline);
    if (in_time && lane.wire->failure() == nullptr) {
      Response response = lane.wire->TakeResponse();
      if (response.status >= 200) {
        return response;
      }
      // cpprestsdk takes it for the answer, and the true one would be taken for that to the next request.
      return Fail(Code::kUnavailable, target.Origin() + " sent status " +
                                          std::to_string(response.status) +
                                          ", which is no answer to what it was asked");
    }
    GiveUp(lane.wire, source);
    if (!in_time) {
      return Fail(Code::kTimeout, Where(target) + " gave no whole answer within " +
                                      std::to_string(request.deadline.count()) + " ms");
    }
    return Explain(*lane.wire, request, target);
  }

  Error Explain(Wire& wire, const Request& request, const Target& target) const {
    try {
      std::rethrow_exception(wire.failure());
    } catch (const TooLarge&) {
      return Fail(Code::kTooLarge, Where(target) + " answered with more than " +
                                       std::to_string(request.max_response_bytes) + " bytes");
    } catch (const http::http_exception& error) {
      if (const int refusal = wire.trust().refusal; refusal != 0) {
        return Fail(Code::kForbidden,
                    Where(target) + " showed a certificate " + WhyRefused(refusal));
      }
      if (error.error_code() == std::errc::timed_out) {
        return Fail(Code::kTimeout, Where(target) + " did not answer in time");
      }
      return Fail(Code::kUnavailable, Where(target) + ": " + error.what() + TlsReason(error));
    } catch (const std::exception&) {
      return Fail(Code::kUnavailable, Where(target) + " gave no answer that can be read");
    }
  }

  std::string Where(const Target& target) const {
    const auto& proxy = ProxyFor(target);
    return target.Origin() + (proxy ? " through the proxy " + proxy->Origin() : "");
  }

  const ClientOptions options_;
  const std::optional<Proxy> http_proxy_;
  const std::optional<Proxy> https_proxy_;
  std::mutex mutex_;
  std::list<Lane> idle_;
  std::vector<std::weak_ptr<Wire>> given_up_;  // whose end the destructor waits for
};

// Of the library's forty threads one is enough, because it waits for nothing but sockets; with more, one may close a socket while
// another reads from it. Where somebody else in this process was first, there are as many as they wanted.
void StartThreads() {
  static std::once_flag once;
  std::call_once(once, [] {
    // At the end of the process what began last goes first, and the threads use OpenSSL.
    OPENSSL_init_ssl(0, nullptr);
    try {
      crossplat::threadpool::initialize_with_threads(1);
    } catch (const std::exception&) {
    }
  });
}

}  // namespace

Result<std::unique_ptr<Client>> MakeClient(ClientOptions options) {
  if (!options.ca_pem.empty()) {
    SLIPWAY_TRYV(CheckAuthorities(options.ca_pem));
  }
  SLIPWAY_TRY(http_proxy, ReadProxy(options.http_proxy));
  SLIPWAY_TRY(https_proxy, ReadProxy(options.https_proxy));
  StartThreads();
  return std::unique_ptr<Client>(std::make_unique<RestClient>(
      std::move(options), std::move(http_proxy), std::move(https_proxy)));
}

}  // namespace slipway::rest
