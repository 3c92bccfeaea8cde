#include <nlohmann/json.hpp>
#include <utility>

#include "src/git/checkout.hpp"
#include "src/git/wire.hpp"

namespace slipway::git {
namespace {

using wire::Json;

Json EncodeCommits(const std::vector<Commit>& commits) {
  Json list = Json::array();
  for (const Commit& commit : commits) list.push_back(commit.value);
  return list;
}

std::vector<Commit> DecodeCommits(const Json& json, const char* key) {
  std::vector<Commit> commits;
  auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return commits;
  for (const Json& item : *found) {
    if (item.is_string()) commits.emplace_back(item.get<std::string>());
  }
  return commits;
}

}  // namespace

std::string EncodeCheckoutRequest(const CheckoutRequest& request) {
  return wire::Dump({{"repository", request.repository},
                     {"pack", request.pack},
                     {"want", request.want.value},
                     {"path", request.path},
                     {"staging", request.staging},
                     {"keep", EncodeCommits(request.keep)},
                     {"maxPacks", request.max_packs},
                     {"limits",
                      {{"files", request.limits.files},
                       {"bytes", request.limits.bytes},
                       {"depth", request.limits.depth}}}});
}

Result<CheckoutRequest> DecodeCheckoutRequest(const std::string& text) {
  SLIPWAY_TRY(json, wire::ParseObject(text));
  Json limits = wire::Object(json, "limits");
  CheckoutRequest request;
  request.repository = wire::Text(json, "repository");
  request.pack = wire::Text(json, "pack");
  request.want = Commit(wire::Text(json, "want"));
  request.path = wire::Text(json, "path");
  request.staging = wire::Text(json, "staging");
  request.keep = DecodeCommits(json, "keep");
  request.max_packs = static_cast<std::uint32_t>(wire::Number(json, "maxPacks"));
  request.limits = {.files = wire::Number(limits, "files"),
                    .bytes = wire::Number(limits, "bytes"),
                    .depth = static_cast<std::uint32_t>(wire::Number(limits, "depth"))};
  return request;
}

std::string EncodeCheckoutReply(const Result<CheckoutReply>& reply) {
  if (!reply) return wire::Dump({{"error", wire::FromError(reply.error())}});
  return wire::Dump({{"held", EncodeCommits(reply.value().held)},
                     {"files", reply.value().files},
                     {"bytes", reply.value().bytes}});
}

Result<CheckoutReply> DecodeCheckoutReply(const std::string& text) {
  SLIPWAY_TRY(json, wire::ParseObject(text));
  if (json.contains("error")) return wire::ToError(wire::Object(json, "error"));
  CheckoutReply reply;
  reply.held = DecodeCommits(json, "held");
  reply.files = wire::Number(json, "files");
  reply.bytes = wire::Number(json, "bytes");
  return reply;
}

}  // namespace slipway::git
