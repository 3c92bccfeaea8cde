#include "tests/src/http/tls_client.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http.hpp>
#include <cctype>

namespace slipway::http {
namespace {

namespace asio = boost::asio;
namespace wire = boost::beast::http;

asio::ssl::context MakeContext(const Credentials& credentials) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.add_certificate_authority(asio::buffer(credentials.ca));
  context.set_verify_mode(asio::ssl::verify_peer);
  if (!credentials.certificate.empty()) {
    context.use_certificate_chain(asio::buffer(credentials.certificate));
    context.use_private_key(asio::buffer(credentials.key), asio::ssl::context::pem);
  }
  return context;
}

template <typename Head>
Answer ToAnswer(const Head& head) {
  Answer answer;
  answer.status = static_cast<int>(head.result_int());
  for (const auto& field : head) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    });
    std::string& value = answer.headers[name];
    value += (value.empty() ? "" : ", ") + std::string(field.value());
  }
  return answer;
}

}  // namespace

TlsClient::TlsClient(std::uint16_t port, const Credentials& credentials)
    : context_(MakeContext(credentials)), stream_(io_, context_) {
  stream_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
  stream_.next_layer().set_option(asio::ip::tcp::no_delay(true));
  stream_.handshake(asio::ssl::stream_base::client);
}

void TlsClient::Send(const std::string& text) { asio::write(stream_, asio::buffer(text)); }

Answer TlsClient::Read() {
  wire::response_parser<wire::string_body> parser;
  parser.body_limit(1ULL << 30);
  wire::read(stream_, buffer_, parser);
  Answer answer = ToAnswer(parser.get());
  answer.body = std::move(parser.get().body());
  return answer;
}

Answer TlsClient::ReadHead() {
  wire::response_parser<wire::empty_body> parser;
  parser.body_limit(1ULL << 30);
  wire::read_header(stream_, buffer_, parser);
  return ToAnswer(parser.get());
}

std::string TlsClient::ReadLine() {
  std::string line;
  for (;;) {
    const std::string held = boost::beast::buffers_to_string(buffer_.data());
    const std::size_t end = held.find("\r\n");
    if (end != std::string::npos) {
      buffer_.consume(end + 2);
      return held.substr(0, end);
    }
    buffer_.commit(stream_.read_some(buffer_.prepare(65536)));
  }
}

std::string TlsClient::ReadChunk() {
  const std::size_t size = std::stoul(ReadLine(), nullptr, 16);
  while (buffer_.size() < size + 2) {
    buffer_.commit(stream_.read_some(buffer_.prepare(65536)));
  }
  std::string chunk = boost::beast::buffers_to_string(buffer_.data()).substr(0, size);
  buffer_.consume(size + 2);
  return chunk;
}

Answer TlsClient::Ask(const std::string& method, const std::string& target, const std::string& body,
                      const std::string& headers) {
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
  if (!body.empty()) {
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  Send(request + "\r\n" + body);
  return Read();
}

void TlsClient::WaitForEnd() {
  boost::system::error_code error;
  std::string dropped(65536, ' ');
  while (!error) {
    stream_.read_some(asio::buffer(dropped), error);
  }
}

bool TlsClient::IsAlive() {
  try {
    return Ask("GET", "/alive").status != 0;
  } catch (const boost::system::system_error&) {
    return false;
  }
}

void TlsClient::Close() { stream_.next_layer().close(); }

}  // namespace slipway::http
