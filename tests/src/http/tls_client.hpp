#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "tests/src/http/test_pki.hpp"

namespace slipway::http {

/// An answer as a client saw it. Status 0: there was none, the connection ended.
struct Answer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

/// A blocking HTTPS client of the tests, not of our making where it counts: Beast and OpenSSL.
/// Everything that fails throws, except where it says otherwise.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const Credentials& credentials);

  void Send(const std::string& text);

  /// Reads one answer, its body to the end.
  Answer Read();

  /// Reads the lines before the body, for a stream whose chunks ReadChunk reads.
  Answer ReadHead();

  /// The next chunk; empty at the end of the stream.
  std::string ReadChunk();

  /// Sends a request and reads its answer.
  Answer Ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& headers = "");

  /// Waits until the server has closed the connection; what it sent before is dropped.
  void WaitForEnd();

  /// Whether the server still answers on this connection.
  bool IsAlive();

  void Close();

  boost::asio::ssl::stream<boost::asio::ip::tcp::socket>& stream() { return stream_; }

 private:
  std::string ReadLine();

  boost::asio::io_context io_;
  boost::asio::ssl::context context_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace slipway::http
