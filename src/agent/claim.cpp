#include "src/agent/claim.hpp"

#include <utility>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "src/agent/https_client.hpp"
#include "src/agent/log.hpp"
#include "src/agent/protocol.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;

constexpr Duration kFirstPause{1'000};
constexpr Duration kLongestPause{30'000};

/// What one try came to.
struct Answer {
  bool matched = false;
  std::string waiting;           ///< why not yet; empty: the server could not be asked
  Duration pause{0};             ///< at least, before the next try
  std::optional<Error> refused;  ///< for good
};

Answer Judge(const ClaimOptions& options, const HttpsReply& reply) {
  Answer answer;
  if (reply.status == 200) {
    const Result<protocol::ClaimReply> given = protocol::DecodeClaimReply(reply.body);
    if (!given) {
      answer.waiting = "the server's answer cannot be read: " + given.error().message;
      return answer;
    }
    const Result<void> saved =
        SaveCertificate(options.files, given.value().certificate, given.value().ca);
    answer.waiting = saved ? "" : saved.error().message;
    answer.matched = saved.has_value();
    return answer;
  }
  if (reply.status == 202) {
    const Result<protocol::ClaimWaiting> waiting = protocol::DecodeClaimWaiting(reply.body);
    if (waiting) {
      answer.waiting = waiting.value().reason + ": " + waiting.value().message;
      answer.pause = std::min(waiting.value().retry_after, kLongestPause);
    }
    return answer;
  }
  const Result<protocol::Refusal> refusal = protocol::DecodeRefusal(reply.body);
  const std::string why =
      refusal ? refusal.value().message : "status " + std::to_string(reply.status);
  if (reply.status == 401) {
    answer.refused = Fail(Code::kUnauthorized, "the server does not accept the token: " + why +
                                                   "; make a new one with `slipway token create`");
  } else if (reply.status == 403) {
    answer.refused = Fail(Code::kForbidden, "the server refuses this agent: " + why);
  } else if (reply.status == 400 || reply.status == 422) {
    answer.refused = Fail(Code::kInvalid, "the server refuses what this agent says: " + why);
  } else {
    answer.waiting = why;
  }
  return answer;
}

Result<std::string> MakeBody(const ClaimOptions& options) {
  SLIPWAY_TRY(csr, MakeRequest(options.files, options.name));
  return protocol::Encode(protocol::ClaimRequest{.name = options.name,
                                                 .version = options.version,
                                                 .csr = csr,
                                                 .addresses = options.addresses,
                                                 .provider_id = options.provider_id});
}

asio::awaitable<Answer> TryOnce(ClaimOptions options, TlsContext context, std::string body) {
  HttpsRequest request;
  request.method = "POST";
  request.target = "/v1/claim";
  request.content_type = "application/json";
  request.bearer_token = options.token;
  request.body = std::move(body);
  const Result<HttpsReply> reply =
      co_await SendRequest(options.server, context, std::move(request));
  Answer answer;
  if (reply) {
    answer = Judge(options, reply.value());
  } else {
    answer.waiting = reply.error().message;
  }
  co_return answer;
}

}  // namespace

Duration Jittered(Duration base, int failures, Duration most) {
  static std::mt19937_64 random{std::random_device{}()};
  const Duration longest = std::min(most, Duration(base.count() << std::clamp(failures, 0, 16)));
  return Duration(std::uniform_int_distribution<Duration::rep>(0, longest.count())(random));
}

asio::awaitable<Result<void>> Renew(ClaimOptions options) {
  options.token.clear();
  SLIPWAY_CO_TRY(body, MakeBody(options));
  SLIPWAY_CO_TRY(context, MakeTlsContext(options.files, options.ca_hash, /*certificate=*/true));
  const Answer answer = co_await TryOnce(options, context, body);
  if (answer.refused) {
    co_return *answer.refused;
  }
  co_return answer.matched ? Ok() : Result<void>(Fail(Code::kUnavailable, answer.waiting));
}

asio::awaitable<Result<void>> Claim(ClaimOptions options) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  SLIPWAY_CO_TRYV(EnsureKey(options.files, options.name));
  SLIPWAY_CO_TRY(body, MakeBody(options));
  SLIPWAY_CO_TRY(context, MakeTlsContext(options.files, options.ca_hash, /*certificate=*/false));
  asio::steady_timer timer(executor);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  std::string said;
  for (int tries = 0; true; ++tries) {
    const Answer answer = co_await TryOnce(options, context, body);
    if (answer.matched) {
      LogInfo("joined as " + options.name);
      co_return Ok();
    }
    if (answer.refused) {
      co_return *answer.refused;
    }
    if (answer.waiting != said) {
      said = answer.waiting;
      LogWarning("waits to be let in as " + options.name + ": " + said);
    }
    timer.expires_after(answer.pause + Jittered(kFirstPause, tries, kLongestPause));
    co_await timer.async_wait(token);
  }
}

}  // namespace slipway::agent
