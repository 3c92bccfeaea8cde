#include "src/cloud/pages.hpp"

#include <set>
#include <utility>

#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud {
namespace {

constexpr std::size_t kMostPages = 10'000;
constexpr std::size_t kMostTokenBytes = 8'192;

}  // namespace

Error Unbelievable(const std::string& endpoint, const std::string& why) {
  return Trouble(Code::kInvalid, "ListInvalid",
                 "The answer of " + endpoint + " cannot be believed: " + why + ".");
}

Error Unfinished(const std::string& why) { return Trouble(Code::kConflict, "ListUnfinished", why); }

Result<void> ReadPages(const std::string& endpoint,
                       const std::function<Result<std::string>(const std::string&)>& read) {
  std::set<std::string> tokens;
  std::string token;
  do {
    SLIPWAY_TRY(next, read(token));
    token = std::move(next);
    if (token.size() > kMostTokenBytes) {
      return Unbelievable(endpoint, "what names its next page is longer than " +
                                        std::to_string(kMostTokenBytes) + " bytes");
    }
    if (!token.empty() && !tokens.insert(token).second) {
      return Unbelievable(endpoint, "its pages go round in a circle");
    }
    if (tokens.size() >= kMostPages) {
      return Unbelievable(endpoint, "it has more than " + std::to_string(kMostPages) + " pages");
    }
  } while (!token.empty());
  return Ok();
}

Result<void> Gather(const std::string& endpoint, std::vector<runtime::ListedServer> page,
                    Listed& listed) {
  for (runtime::ListedServer& server : page) {
    listed[server.name] = std::move(server);
  }
  if (listed.size() > kMostServers) {
    return Unbelievable(endpoint,
                        "it lists more than " + std::to_string(kMostServers) + " instances");
  }
  return Ok();
}

std::vector<runtime::ListedServer> InOrder(Listed listed) {
  std::vector<runtime::ListedServer> servers;
  servers.reserve(listed.size());
  for (auto& [name, server] : listed) {
    servers.push_back(std::move(server));
  }
  return servers;
}

}  // namespace slipway::cloud
