#include "src/cloud/azure/arm_reader.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/pages.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::azure {
namespace {

using nlohmann::json;

/// Scheme, host and port, as they can be compared, and what follows.
std::pair<std::string, std::string> SplitUrl(const std::string& url) {
  const auto scheme = url.find("://");
  const auto path =
      scheme == std::string::npos ? std::string::npos : url.find_first_of("/?#", scheme + 3);
  std::string origin = LowerCase(url.substr(0, path));
  if (origin.starts_with("https://") && origin.ends_with(":443")) {
    origin.resize(origin.size() - std::string(":443").size());
  }
  return {std::move(origin), path == std::string::npos ? "" : url.substr(path)};
}

}  // namespace

ArmReader::ArmReader(ApiClient& client, ApiCall call, std::string manager, MonoTime deadline)
    : client_(client),
      call_(std::move(call)),
      manager_("https://" + std::move(manager)),
      deadline_(deadline) {}

Error ArmReader::Unbelieved(const std::string& why) const {
  return Unbelievable(call_.endpoint, why);
}

/// The credentials go where they were meant to go, whatever a link says.
Result<std::string> ArmReader::PathOf(const std::string& link) const {
  const auto [origin, path] = SplitUrl(link);
  if ((origin != SplitUrl(call_.endpoint).first && origin != manager_) || !path.starts_with('/')) {
    return Unbelieved("its next page is to be somewhere else, at " + Quoted(origin, {}));
  }
  return path;
}

/// Ids become paths, and those that begin otherwise would change the host.
Result<std::string> ArmReader::Ask(const std::string& path) {
  if (!path.starts_with('/')) {
    return Unbelieved("an id begins with " + Quoted(path.substr(0, path.find('/')), {}));
  }
  call_.path = path;
  return client_.Call(call_, deadline_);
}

Result<std::string> ArmReader::ReadPage(const std::string& path, const Read& read) {
  SLIPWAY_TRY(text, Ask(path));
  const json root = ReadJson(text);
  if (root.is_discarded()) {
    return Unbelieved("it is no JSON");
  }
  const json& next = At(root, "nextLink");
  if (!At(root, "value").is_array() || !(next.is_string() || next.is_null())) {
    return Unbelieved("it is no list");
  }
  for (const json& described : At(root, "value")) {
    if (const auto done = read(described); !done.has_value()) {
      return Unbelieved(done.error().message);
    }
  }
  const std::string link = TextAt(root, "nextLink");
  return link.empty() ? Result<std::string>(std::string()) : PathOf(link);
}

Result<void> ArmReader::Each(const std::string& path, const Read& read) {
  return ReadPages(call_.endpoint, [&](const std::string& next) -> Result<std::string> {
    auto page = ReadPage(next.empty() ? path : next, read);
    if (!page.has_value() && !next.empty() && IsAbsent(page.error())) {
      return Unbelieved("a page that follows is not there: " + page.error().message);
    }
    return page;
  });
}

Result<bool> ArmReader::One(const std::string& id, const std::string& query, const Read& read) {
  auto text = Ask(Escape(id, "/") + query);
  if (!text.has_value()) {
    return IsAbsent(text.error()) ? Result<bool>(false) : Result<bool>(std::move(text.error()));
  }
  const json root = ReadJson(text.value());
  if (!root.is_object()) {
    return Unbelieved("it is no JSON object");
  }
  if (LowerCase(TextAt(root, "id")) != LowerCase(id)) {
    return Unbelieved("it is about " + Quoted(TextAt(root, "id"), {}) + ", and not about " +
                      Quoted(id, {}));
  }
  if (const auto done = read(root); !done.has_value()) {
    return Unbelieved(done.error().message);
  }
  return true;
}

}  // namespace slipway::cloud::azure
