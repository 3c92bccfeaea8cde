#include "src/agent/https_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/file_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <memory>
#include <sstream>

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
constexpr std::size_t kReadBytes = 16U << 10;  ///< at once: a TLS record

Error Broken(const ServerUrl& server, const error_code& failed) {
  const bool slow = failed == beast::error::timeout;
  const bool large = failed == http::error::body_limit;
  return Fail(large ? Code::kTooLarge : Code::kUnavailable,
              server.HostAndPort() + ": " + (slow ? "did not answer in time" : failed.message()));
}

/// Whether it is the disk that failed, and not the connection.
bool IsOfDisk(const error_code& failed) {
  namespace errc = boost::system::errc;
  return failed == errc::no_space_on_device || failed == errc::read_only_file_system ||
         failed == errc::file_too_large || failed == errc::io_error ||
         failed == errc::permission_denied || failed == errc::no_such_file_or_directory;
}

/// As it is sent.
std::string Text(const ServerUrl& server, const HttpsRequest& request) {
  http::request<http::empty_body> head(http::string_to_verb(request.method), request.target, 11);
  head.set(http::field::host, server.HostAndPort());
  head.set(http::field::user_agent, "slipway-agent");
  head.set(http::field::connection, "close");
  if (!request.content_type.empty()) {
    head.set(http::field::content_type, request.content_type);
  }
  if (!request.bearer_token.empty()) {
    head.set(http::field::authorization, "Bearer " + request.bearer_token);
  }
  head.content_length(request.body.size());
  std::ostringstream text;
  text << head.base() << request.body;
  return std::move(text).str();
}

/// Reads and parses what is missing of the header, or of everything.
asio::awaitable<error_code> Parse(TlsStream* stream, beast::flat_buffer* buffer,
                                  http::basic_parser<false>* parser, bool body) {
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  parser->eager(body);
  while (!(body ? parser->is_done() : parser->is_header_done())) {
    failed = http::error::need_more;
    if (buffer->size() > 0) {
      buffer->consume(parser->put(buffer->data(), failed));
    }
    const std::size_t room = std::min(kReadBytes, buffer->max_size() - buffer->size());
    if (failed == http::error::need_more && room == 0) {
      failed = http::error::buffer_overflow;
    } else if (failed == http::error::need_more) {
      const auto bytes = buffer->prepare(room);
      buffer->commit(co_await stream->async_read_some(bytes, token));
    }
    if (failed == asio::error::eof && parser->got_some()) {
      failed = {};
      parser->put_eof(failed);
    }
    if (failed) {
      break;
    }
  }
  co_return failed;
}

/// What is left of a reply whose header says 200, into a file.
asio::awaitable<error_code> ReadIntoFile(TlsStream* stream, beast::flat_buffer* buffer,
                                         http::response_parser<http::empty_body>* header,
                                         std::string path) {
  error_code failed;
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
    failed = co_await Parse(stream, buffer, &parser, /*body=*/true);
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
  const std::string text = Text(server, request);
  const auto bytes = asio::buffer(text);
  co_await asio::async_write(stream, bytes, token);
  if (failed) {
    co_return Broken(server, failed);
  }
  beast::flat_buffer buffer(kBufferBytes);
  http::response_parser<http::empty_body> header;
  header.header_limit(kMaxHeaderBytes);
  header.body_limit(max_body_bytes);
  failed = co_await Parse(&stream, &buffer, &header, /*body=*/false);
  if (failed) {
    co_return Broken(server, failed);
  }
  HttpsReply reply{.status = header.get().result_int(), .body = ""};
  if (reply.status == 200 && !sink.empty()) {
    failed = co_await ReadIntoFile(&stream, &buffer, &header, sink);
    if (IsOfDisk(failed)) {
      co_return Fail(Code::kUnavailable, sink + ": " + failed.message());
    }
  } else {
    http::response_parser<http::string_body> parser(std::move(header));
    failed = co_await Parse(&stream, &buffer, &parser, /*body=*/true);
    reply.body = std::move(parser.get().body());
  }
  if (failed) {
    co_return Broken(server, failed);
  }
  co_return reply;
}

}  // namespace slipway::agent
