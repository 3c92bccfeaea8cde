#include "src/agent/instance_identity.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr Duration kOneAnswer{2'000};
constexpr Duration kPause{1'000};
constexpr std::uint64_t kMaxDocumentBytes = 64U << 10;
constexpr const char* kSeconds = "60";  ///< that a session lasts: one question is asked in it

/// One question to the service.
struct Question {
  asio::ip::tcp::endpoint service;
  std::string host;
  http::verb method = http::verb::get;
  std::string path;
  std::string token;  ///< empty: none yet
};

asio::awaitable<Result<std::string>> Ask(Question question) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  error_code failed;
  auto done = asio::redirect_error(asio::use_awaitable, failed);
  const auto trouble = [&] {
    return Fail(Code::kUnavailable,
                "the metadata service at " + question.host + " does not answer " + question.path +
                    ": " +
                    (failed == beast::error::timeout ? "it takes too long" : failed.message()));
  };
  beast::tcp_stream stream(executor);
  stream.expires_after(kOneAnswer);
  co_await stream.async_connect(question.service, done);
  if (failed) {
    co_return trouble();
  }
  http::request<http::empty_body> request(question.method, question.path, 11);
  request.set(http::field::host, question.host);
  request.set(http::field::user_agent, "slipway-agent");
  request.set(http::field::connection, "close");
  if (question.token.empty()) {
    request.set("X-aws-ec2-metadata-token-ttl-seconds", kSeconds);
  } else {
    request.set("X-aws-ec2-metadata-token", question.token);
  }
  co_await http::async_write(stream, request, done);
  if (failed) {
    co_return trouble();
  }
  beast::flat_buffer buffer(kMaxDocumentBytes);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxDocumentBytes);
  co_await http::async_read(stream, buffer, parser, done);
  if (failed) {
    co_return trouble();
  }
  if (parser.get().result() != http::status::ok) {
    co_return Fail(Code::kUnavailable, "the metadata service at " + question.host + " answers " +
                                           question.path + " with " +
                                           std::to_string(parser.get().result_int()));
  }
  co_return std::move(parser.get().body());
}

/// http://IP[:PORT] as a question without a path.
Result<Question> ServiceOf(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const Error bad =
      Fail(Code::kInvalid,
           "\"" + url + "\" is no address of a metadata service, such as " + kMetadataUrl);
  if (!url.starts_with(kScheme)) {
    return bad;
  }
  std::string host = url.substr(kScheme.size());
  while (host.ends_with('/')) {
    host.pop_back();
  }
  const auto colon = host.ends_with(']') ? std::string::npos : host.rfind(':');
  std::string address = host.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  error_code failed;
  const asio::ip::address parsed = asio::ip::make_address(address, failed);
  const std::string port = colon == std::string::npos ? "80" : host.substr(colon + 1);
  const bool is_port = !port.empty() && port.size() <= 5 &&
                       port.find_first_not_of("0123456789") == std::string::npos;
  if (failed || !is_port || std::stoul(port) > 65'535) {
    return bad;
  }
  return Question{.service = {parsed, static_cast<std::uint16_t>(std::stoul(port))},
                  .host = host,
                  .path = {},
                  .token = {}};
}

Result<InstanceIdentity> ReadDocument(const std::string& text) {
  const nlohmann::json document = ReadJson(text);
  const auto field = [&](const char* name) {
    const bool there =
        document.is_object() && document.contains(name) && document[name].is_string();
    return there ? document[name].get<std::string>() : std::string();
  };
  const std::string id = field("instanceId");
  const std::string zone = field("availabilityZone");
  if (!id.starts_with("i-") || zone.empty()) {
    return Fail(Code::kInvalid,
                "the metadata service names no instance and zone in its identity document");
  }
  return InstanceIdentity{.name = id, .provider_id = "aws:///" + zone + "/" + id};
}

}  // namespace

asio::awaitable<Result<InstanceIdentity>> ReadAwsIdentity(std::string url, Duration patience) {
  SLIPWAY_CO_TRY(question, ServiceOf(url));
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    question.method = http::verb::put;
    question.path = "/latest/api/token";
    question.token.clear();
    Result<std::string> answer = co_await Ask(question);
    if (answer.has_value()) {
      question.method = http::verb::get;
      question.path = "/latest/dynamic/instance-identity/document";
      question.token = std::move(answer.value());
      answer = co_await Ask(question);
    }
    if (answer.has_value()) {
      co_return ReadDocument(answer.value());
    }
    if (std::chrono::steady_clock::now() + kPause > end) {
      co_return answer.error();
    }
    timer.expires_after(kPause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace slipway::agent
