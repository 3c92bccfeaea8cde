#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

// Heavy: shows Asio and Beast. Only for .cpp files, and for headers that are private to their folder.
namespace slipway::transport {

/// A TLS connection whose reads and writes have deadlines.
using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

}  // namespace slipway::transport
