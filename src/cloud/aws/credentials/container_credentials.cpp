#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/text.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr Duration kContainerDeadline{5'000};
constexpr std::size_t kMaxContainerAnswerBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxAuthorizationBytes = std::size_t{64} << 10;

/// The host of an http:// or https:// URL, in lower case and without the brackets of an address; empty where it is not plain to see.
/// What stands after it must be a port: clients differ in what they make of anything else.
std::string HostOf(std::string_view url) {
  const std::size_t begin = url.find("://") + 3;
  std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const bool bracket = authority.starts_with('[');
  const std::size_t end = std::min(authority.find(bracket ? ']' : ':'), authority.size());
  const std::string_view host = authority.substr(bracket ? 1 : 0, end - (bracket ? 1 : 0));
  std::string_view port = authority.substr(std::min(end + (bracket ? 1 : 0), authority.size()));
  if (port.starts_with(':')) {
    port.remove_prefix(1);
  }
  const bool clear = host.find_first_of("@[\\%") == std::string_view::npos &&
                     port.find_first_not_of("0123456789") == std::string_view::npos;
  return clear ? LowerCase(host) : "";
}

bool IsLoopback(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) {
    return ntohl(four.s_addr) >> 24 == 127;
  }
  return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/// Whether an authorization token may go there in clear text.
bool IsThisMachine(const std::string& host) {
  constexpr std::array<std::string_view, 4> kAgents = {"169.254.170.2", "169.254.170.23",
                                                       "fd00:ec2::23", "localhost"};
  return IsLoopback(host) || std::find(kAgents.begin(), kAgents.end(), host) != kAgents.end();
}

Result<std::string> ContainerUrl(const Environment& environment) {
  const std::string relative = Variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty()) {
    if (!relative.starts_with('/')) {
      return Fail(Code::kInvalid,
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
    }
    return "http://169.254.170.2" + relative;
  }
  const std::string full = Variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const std::string scheme = LowerCase(full.substr(0, full.find("://")));
  if (scheme != "http" && scheme != "https") {
    return Fail(Code::kInvalid, "AWS_CONTAINER_CREDENTIALS_FULL_URI is no http:// or https:// URL");
  }
  const std::string host = HostOf(full);
  if (host.empty()) {
    return Fail(
        Code::kInvalid,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI names no host, or something more than a host and "
        "a port");
  }
  if (scheme == "http" && !IsThisMachine(host)) {
    return Fail(Code::kInvalid, "AWS_CONTAINER_CREDENTIALS_FULL_URI names the host " +
                                    Quoted(host, {}) +
                                    ", which may be asked by https only: http is for this machine, "
                                    "169.254.170.2, 169.254.170.23 and fd00:ec2::23");
  }
  return full;
}

/// What goes into the header Authorization; empty where nothing does.
Result<std::string> Authorization(const Environment& environment) {
  std::string token = Variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  std::string name = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
  const std::string path = Variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!path.empty()) {
    const auto text = process::ReadSmallFile(path, kMaxAuthorizationBytes);
    if (!text.has_value()) {
      return Fail(text.error().code,
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + text.error().message);
    }
    token = Trimmed(text.value());
    name = path;
    if (token.empty()) {
      return Fail(Code::kInvalid, name + " is empty, and should hold an authorization token");
    }
  }
  const bool plain = std::all_of(token.begin(), token.end(),
                                 [](char letter) { return letter >= 0x20 && letter < 0x7f; });
  if (!plain) {
    return Fail(Code::kInvalid, name + " holds a character that no header may have");
  }
  return token;
}

}  // namespace

Result<Answer> FromContainer(rest::Client& metadata, const Environment& environment) {
  if (Variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() &&
      Variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI").empty()) {
    return Nothing(
        "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI "
        "is set");
  }
  SLIPWAY_TRY(url, ContainerUrl(environment));
  SLIPWAY_TRY(token, Authorization(environment));
  rest::Request request;
  request.url = url;
  request.headers["Accept"] = "application/json";
  if (!token.empty()) {
    request.headers["Authorization"] = token;
  }
  request.deadline = kContainerDeadline;
  request.max_response_bytes = kMaxContainerAnswerBytes;
  SLIPWAY_TRY(response, metadata.Send(request));
  const auto made = ReadCredentials(
      response.body, {.token = "Token", .lasting = false, .may_be_quoted = true}, {token});
  if (response.status != 200) {
    // Only an answer that says in the agreed form what is wrong is shown: who knows what else it may hold.
    const bool said = !made.has_value() && made.error().code == Code::kForbidden;
    return Fail(response.status >= 500 ? Code::kUnavailable : Code::kForbidden,
                "it answers with HTTP status " + std::to_string(response.status) +
                    (said ? ": " + made.error().message : "") +
                    ". Look whether the task or service account has a role, and into the log of "
                    "the agent that answers");
  }
  if (!made.has_value()) {
    return made.error();
  }
  Credentials credentials = made.value();
  credentials.source = "the container";
  return Found(std::move(credentials));
}

}  // namespace slipway::cloud::aws
