#include "src/transport/byte_stream.hpp"

#include <boost/beast/ssl.hpp>

namespace slipway::transport {

void ByteStream::Read(boost::asio::mutable_buffer into, Done done) {
  stream_.async_read_some(into, std::move(done));
}

void ByteStream::Write(const Pieces& pieces, Done done) {
  stream_.async_write_some(pieces, std::move(done));
}

void ByteStream::Abort() { boost::beast::get_lowest_layer(stream_).close(); }

void ByteStream::ShutDown(std::function<void(boost::system::error_code)> done) {
  stream_.async_shutdown(std::move(done));
}

}  // namespace slipway::transport
