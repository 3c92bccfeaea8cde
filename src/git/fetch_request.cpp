#include "src/git/fetch_request.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "src/git/problem.hpp"
#include "src/git/url.hpp"
#include "src/git/wire.hpp"

namespace slipway::git {
namespace {

using wire::Json;

constexpr std::size_t kMaxRefBytes = 255;

const char* NameOf(RefKind kind) {
  switch (kind) {
    case RefKind::kBranch:
      return "branch";
    case RefKind::kTag:
      return "tag";
    case RefKind::kCommit:
      return "commit";
  }
  return "";
}

Result<RefKind> RefKindNamed(const std::string& name) {
  for (RefKind kind : {RefKind::kBranch, RefKind::kTag, RefKind::kCommit}) {
    if (name == NameOf(kind)) return kind;
  }
  return MakeError(Problem::kInternal, "unknown kind of ref: " + name);
}

bool IsObjectId(const std::string& name) {
  return name.size() == 40 && std::ranges::all_of(name, [](unsigned char byte) {
           return std::isdigit(byte) != 0 || (byte >= 'a' && byte <= 'f');
         });
}

/// The rules of git-check-ref-format(1).
bool IsRefName(const std::string& name) {
  if (name.empty() || name.size() > kMaxRefBytes || name.front() == '-') return false;
  for (unsigned char byte : name) {
    if (byte <= 0x20 || byte == 0x7f || std::string_view("~^:?*[\\").find(char(byte)) < 7) {
      return false;
    }
  }
  if (name.find("..") != std::string::npos || name.find("@{") != std::string::npos) return false;
  if (name.back() == '.' || name == "@") return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    std::size_t end = std::min(name.find('/', begin), name.size());
    std::string part = name.substr(begin, end - begin);
    if (part.empty() || part.front() == '.' || part.ends_with(".lock")) return false;
    begin = end + 1;
  }
  return true;
}

Json EncodeCredentials(const Credentials& credentials) {
  return {{"username", credentials.username},
          {"password", credentials.password},
          {"bearerToken", credentials.bearer_token},
          {"sshPrivateKey", credentials.ssh_private_key},
          {"sshPassphrase", credentials.ssh_passphrase},
          {"knownHosts", credentials.known_hosts},
          {"caCertificates", credentials.ca_certificates}};
}

Credentials DecodeCredentials(const Json& json) {
  return {.username = wire::Text(json, "username"),
          .password = wire::Text(json, "password"),
          .bearer_token = wire::Text(json, "bearerToken"),
          .ssh_private_key = wire::Text(json, "sshPrivateKey"),
          .ssh_passphrase = wire::Text(json, "sshPassphrase"),
          .known_hosts = wire::Text(json, "knownHosts"),
          .ca_certificates = wire::Text(json, "caCertificates")};
}

}  // namespace

Result<void> CheckUrl(const std::string& url, bool allow_file) {
  SLIPWAY_TRY(parsed, ParseUrl(url));
  if (parsed.scheme == Scheme::kFile && !allow_file) {
    return MakeError(
        Problem::kUrlNotAllowed,
        "file:// URLs are off, because they read the server's own disk: use https:// or "
        "ssh://, or start the server with --allow-file-urls");
  }
  return Ok();
}

Result<void> CheckRef(const Ref& ref) {
  if (ref.kind == RefKind::kCommit && !IsObjectId(ref.name)) {
    return MakeError(Problem::kRefNotFound,
                     "a commit must be given by all of its 40 hex digits, in lower case");
  }
  if (ref.kind != RefKind::kCommit && !IsRefName(ref.name)) {
    return MakeError(Problem::kRefNotFound, std::string("no ") + NameOf(ref.kind) +
                                                " can have that name: give its short name, such as "
                                                "main or v1.2");
  }
  return Ok();
}

std::string EncodeFetchRequest(const FetchRequest& request) {
  const FetchLimits& limits = request.limits;
  return wire::Dump({{"url", request.url},
                     {"ref", {{"kind", NameOf(request.ref.kind)}, {"name", request.ref.name}}},
                     {"credentials", EncodeCredentials(request.credentials)},
                     {"mirror", request.mirror},
                     {"allowFile", request.allow_file},
                     {"deadlineMs", std::max<Duration::rep>(request.deadline.count(), 0)},
                     {"limits",
                      {{"receivedBytes", limits.received_bytes},
                       {"objects", limits.objects},
                       {"addressSpaceBytes", limits.address_space_bytes},
                       {"cpuSeconds", limits.cpu_seconds}}}});
}

Result<FetchRequest> DecodeFetchRequest(const std::string& text) {
  SLIPWAY_TRY(json, wire::ParseObject(text));
  Json ref = wire::Object(json, "ref");
  Json limits = wire::Object(json, "limits");
  SLIPWAY_TRY(kind, RefKindNamed(wire::Text(ref, "kind")));
  FetchRequest request;
  request.url = wire::Text(json, "url");
  request.ref = {kind, wire::Text(ref, "name")};
  request.credentials = DecodeCredentials(wire::Object(json, "credentials"));
  request.mirror = wire::Text(json, "mirror");
  request.allow_file = wire::Flag(json, "allowFile");
  request.deadline = Duration(wire::Number(json, "deadlineMs"));
  request.limits = {.received_bytes = wire::Number(limits, "receivedBytes"),
                    .objects = wire::Number(limits, "objects"),
                    .address_space_bytes = wire::Number(limits, "addressSpaceBytes"),
                    .cpu_seconds = wire::Number(limits, "cpuSeconds")};
  return request;
}

std::string EncodeFetched(const Result<Fetched>& fetched) {
  if (!fetched) return wire::Dump({{"error", wire::FromError(fetched.error())}});
  return wire::Dump({{"commit", fetched.value().commit.value},
                     {"receivedBytes", fetched.value().received_bytes},
                     {"receivedObjects", fetched.value().received_objects}});
}

Result<Fetched> DecodeFetched(const std::string& text) {
  SLIPWAY_TRY(json, wire::ParseObject(text));
  if (json.contains("error")) return wire::ToError(wire::Object(json, "error"));
  Fetched fetched{.commit = Commit(wire::Text(json, "commit")),
                  .received_bytes = wire::Number(json, "receivedBytes"),
                  .received_objects = wire::Number(json, "receivedObjects")};
  if (!IsObjectId(fetched.commit.value)) {
    return MakeError(Problem::kInternal, "the git worker's reply names no commit");
  }
  return fetched;
}

}  // namespace slipway::git
