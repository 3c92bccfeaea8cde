#include "src/cloud/file/file_cloud.hpp"

#include "src/cloud/file/server_list.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud {
namespace {

const char* ReasonOfReading(Code code) {
  if (code == Code::kNotFound) {
    return "NotFound";
  }
  return code == Code::kTooLarge || code == Code::kInvalid ? "ListInvalid" : "ListFailed";
}

}  // namespace

Result<std::vector<runtime::ListedServer>> FileCloud::List(const api::Provider& provider,
                                                           const SecretData& /*secret*/) {
  const std::string& path = provider.static_->file;
  if (!allowed_.contains(path)) {
    return Trouble(Code::kForbidden, "NotAllowed",
                   "This control plane may not read \"" + path +
                       "\": start it with --allow-server-list '" + path +
                       "', or name a file that it may read.");
  }
  const auto text = process::ReadSmallFile(path, kMaxServerListBytes);
  if (!text.has_value()) {
    return Trouble(text.error().code, ReasonOfReading(text.error().code),
                   text.error().message + ".");
  }
  auto servers = ReadServerList(text.value());
  if (!servers.has_value()) {
    return Trouble(Code::kInvalid, "ListInvalid",
                   path + " is no list of servers: " + servers.error().message);
  }
  return servers;
}

}  // namespace slipway::cloud
