#include "src/http/options.hpp"

namespace slipway::http {

std::string Endpoint::LocalUrl() const {
  std::string host = address;
  if (address == "0.0.0.0") {
    host = "127.0.0.1";
  } else if (address == "::") {
    host = "[::1]";
  } else if (address.find(':') != std::string::npos) {
    host = "[" + address + "]";
  }
  return "https://" + host + ":" + std::to_string(port);
}

}  // namespace slipway::http
