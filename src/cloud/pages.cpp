#include "src/cloud/pages.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "src/cloud/cloud_api.hpp"
#include "src/cloud/text.hpp"
#include "src/objects/label_syntax.hpp"

namespace slipway::cloud {
namespace {

constexpr std::size_t kMostPages = 10'000;
constexpr std::size_t kMostTokenBytes = 8'192;
constexpr std::size_t kMostAddressBytes = 45;      ///< an IPv4 address in one of IPv6
constexpr std::size_t kMostProviderIdBytes = 512;  ///< spec.providerID of a Server

bool IsAddress(std::string_view text) {
  constexpr std::string_view kLetters = "0123456789abcdefABCDEF:.";
  return text.size() <= kMostAddressBytes &&
         text.find_first_not_of(kLetters) == std::string_view::npos;
}

/// Why it cannot be written down as a Server; empty where it can.
std::string FaultOfMachine(const runtime::ListedServer& server) {
  const std::string name = Quoted(server.name, {});
  if (!objects::DnsLabelFaults(server.name).empty()) {
    return "\"" + name + "\" cannot be the name of a server";
  }
  if (!IsAddress(server.address)) {
    return "the address of " + name + " is \"" + Quoted(server.address, {}) + "\", which is none";
  }
  if (!IsText(server.provider_id) || server.provider_id.size() > kMostProviderIdBytes) {
    return name + " is at \"" + Quoted(server.provider_id, {}) +
           "\", which is too long or holds what no name holds";
  }
  return "";
}

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
    if (const std::string fault = FaultOfMachine(server); !fault.empty()) {
      return Unbelievable(endpoint, fault);
    }
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
