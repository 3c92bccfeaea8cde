#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::agent {

/// One question to the metadata service of a machine.
struct MetadataQuestion {
  bool put = false;  ///< PUT instead of GET
  std::string path;
  std::map<std::string, std::string> headers;
  /// A header that the answer must have, and its value; empty: any answer will do.
  std::pair<std::string, std::string> proof;
};

/// Where providers tell a machine about itself: at an address that leads nowhere else.
class MetadataService {
 public:
  /// `url`: http://IP[:PORT]. kInvalid: it is none.
  static Result<MetadataService> At(const std::string& url);

  /// The body of a good answer within two seconds. kUnavailable: there is none.
  boost::asio::awaitable<Result<std::string>> Ask(MetadataQuestion question) const;

 private:
  MetadataService(boost::asio::ip::tcp::endpoint endpoint, std::string host)
      : endpoint_(std::move(endpoint)), host_(std::move(host)) {}

  boost::asio::ip::tcp::endpoint endpoint_;
  std::string host_;
};

}  // namespace slipway::agent
