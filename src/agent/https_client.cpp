#include "src/agent/https_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <memory>

#include "src/agent/files.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr Duration kConnectDeadline{30'000};
constexpr std::uint32_t kMaxHeaderBytes = 64U << 10;
constexpr std::size_t kBufferBytes = 128U << 10;

Error Broken(const ServerUrl& server, const error_code& failed) {
  const bool slow = failed == beast::error::timeout;
  const bool large = failed == http::error::body_limit;
  return Fail(large ? Code::kTooLarge : Code::kUnavailable,
              server.HostAndPort() + ": " + (slow ? "did not answer in time" : failed.message()));
}

http::request<http::string_body> MakeHttp(const ServerUrl& server, HttpsRequest& request) {
  http::request<http::string_body> message(http::string_to_verb(request.method), request.target,
                                           11);
  message.set(http::field::host, server.HostAndPort());
  message.set(http::field::user_agent, "slipway-agent");
  message.set(http::field::connection, "close");
  if (!request.content_type.empty()) {
    message.set(http::field::content_type, request.content_type);
  }
  if (!request.bearer_token.empty()) {
    message.set(http::field::authorization, "Bearer " + request.bearer_token);
  }
  message.body() = std::move(request.body);
  message.prepare_payload();
  return message;
}

/// What is left of a reply whose header says 200, into a file.
asio::awaitable<error_code> ReadIntoFile(TlsStream* stream, beast::flat_buffer* buffer,
                                         http::response_parser<http::empty_body>* header,
                                         std::string path) {
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  http::response_parser<http::file_body> parser(std::move(*header));
  ::unlink(path.c_str());
  Descriptor fresh(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fresh.open()) {
    co_return error_code(errno, boost::system::system_category());
  }
  beast::file file;
  file.native_handle(fresh.Release());
  parser.get().body().reset(std::move(file), failed);
  if (!failed) {
    co_await http::async_read(*stream, *buffer, parser, token);
  }
  co_return failed;
}

}  // namespace

asio::awaitable<Result<HttpsReply>> SendRequest(ServerUrl server, TlsContext context,
                                                HttpsRequest request) {
  Result<std::unique_ptr<TlsStream>> connected = co_await ConnectTls(
      server, context, std::min(request.deadline, kConnectDeadline), request.control);
  if (!connected) {
    co_return connected.error();
  }
  TlsStream& stream = *connected.value();
  if (request.control && request.control->cancelled) {
    co_return Fail(Code::kUnavailable, "was cancelled");
  }
  const Stoppable stoppable(request.control,
                            [&stream] { beast::get_lowest_layer(stream).close(); });
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  beast::get_lowest_layer(stream).expires_after(request.deadline);
  const std::string sink = request.sink;
  const std::uint64_t max_body_bytes = request.max_body_bytes;
  const http::request<http::string_body> message = MakeHttp(server, request);
  co_await http::async_write(stream, message, token);
  if (failed) {
    co_return Broken(server, failed);
  }
  beast::flat_buffer buffer(kBufferBytes);
  http::response_parser<http::empty_body> header;
  header.header_limit(kMaxHeaderBytes);
  header.body_limit(max_body_bytes);
  co_await http::async_read_header(stream, buffer, header, token);
  if (failed) {
    co_return Broken(server, failed);
  }
  HttpsReply reply{.status = header.get().result_int(), .body = ""};
  if (reply.status == 200 && !sink.empty()) {
    failed = co_await ReadIntoFile(&stream, &buffer, &header, sink);
  } else {
    http::response_parser<http::string_body> parser(std::move(header));
    co_await http::async_read(stream, buffer, parser, token);
    reply.body = std::move(parser.get().body());
  }
  if (failed) {
    co_return Broken(server, failed);
  }
  co_return reply;
}

}  // namespace slipway::agent
