#include "src/agent/metadata_service.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
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
#include <string_view>

#include "reconciler/base/time.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr Duration kOneAnswer{2'000};
constexpr std::uint64_t kMaxAnswerBytes = 64U << 10;

}  // namespace

Result<MetadataService> MetadataService::At(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const Error bad = Fail(Code::kInvalid, "\"" + url +
                                             "\" is no address of a metadata service, such as "
                                             "http://169.254.169.254");
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
  return MetadataService({parsed, static_cast<std::uint16_t>(std::stoul(port))}, host);
}

asio::awaitable<Result<std::string>> MetadataService::Ask(MetadataQuestion question) const {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  error_code failed;
  auto done = asio::redirect_error(asio::use_awaitable, failed);
  const auto trouble = [&] {
    return Fail(Code::kUnavailable,
                "the metadata service at " + host_ + " does not answer " + question.path + ": " +
                    (failed == beast::error::timeout ? "it takes too long" : failed.message()));
  };
  beast::tcp_stream stream(executor);
  stream.expires_after(kOneAnswer);
  co_await stream.async_connect(endpoint_, done);
  if (failed) {
    co_return trouble();
  }
  http::request<http::empty_body> request(question.put ? http::verb::put : http::verb::get,
                                          question.path, 11);
  request.set(http::field::host, host_);
  request.set(http::field::user_agent, "slipway-agent");
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : question.headers) {
    request.set(name, value);
  }
  co_await http::async_write(stream, request, done);
  if (failed) {
    co_return trouble();
  }
  beast::flat_buffer buffer(kMaxAnswerBytes);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  co_await http::async_read(stream, buffer, parser, done);
  if (failed) {
    co_return trouble();
  }
  if (parser.get().result() != http::status::ok) {
    co_return Fail(Code::kUnavailable, "the metadata service at " + host_ + " answers " +
                                           question.path + " with " +
                                           std::to_string(parser.get().result_int()));
  }
  const auto& [name, value] = question.proof;
  if (!name.empty() && parser.get()[name] != value) {
    co_return Fail(Code::kUnavailable,
                   "what answers at " + host_ + " does not say " + name + ": " + value);
  }
  co_return std::move(parser.get().body());
}

}  // namespace slipway::agent
