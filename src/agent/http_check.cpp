#include "src/agent/http_check.hpp"

#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxCheckedHeaderBytes = 64U << 10;

std::string Trouble(const std::string& path, const std::string& host, const error_code& failed) {
  const bool slow = failed == beast::error::timeout;
  return "GET " + path + " at " + host + (slow ? ": no answer in time" : ": " + failed.message());
}

}  // namespace

asio::awaitable<std::string> CheckHttp(std::string address, std::int64_t port, std::string path,
                                       Duration timeout) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  const asio::ip::address target = asio::ip::make_address(address, failed);
  if (failed) {
    co_return "\"" + address + "\" is no IP address";
  }
  const std::string host =
      (target.is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(port);
  beast::tcp_stream stream(executor);
  stream.expires_after(timeout);
  const asio::ip::tcp::endpoint endpoint(target, static_cast<std::uint16_t>(port));
  co_await stream.async_connect(endpoint, token);
  if (failed) {
    co_return Trouble(path, host, failed);
  }
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, host);
  request.set(http::field::user_agent, "slipway-agent");
  request.set(http::field::connection, "close");
  co_await http::async_write(stream, request, token);
  if (failed) {
    co_return Trouble(path, host, failed);
  }
  beast::flat_buffer buffer(kMaxCheckedHeaderBytes);
  http::response_parser<http::empty_body> parser;
  parser.header_limit(kMaxCheckedHeaderBytes);
  co_await http::async_read_header(stream, buffer, parser, token);
  if (failed) {
    co_return Trouble(path, host, failed);
  }
  const unsigned status = parser.get().result_int();
  co_return status >= 200 && status < 400 ? std::string()
                                          : "GET " + path + " answered " + std::to_string(status);
}

}  // namespace slipway::agent
