#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/cloud/api_client.hpp"

namespace slipway::cloud::azure {

/// Asks Azure Resource Manager about one subscription. One thread at a time.
class ArmReader {
 public:
  /// Reads one object; an error says what is wrong with it.
  using Read = std::function<Result<void>(const nlohmann::json&)>;

  /// `client` outlives it. `manager` is the host that the cloud has for it: links to the next page may name that, also where another
  /// endpoint is asked.
  ArmReader(ApiClient& client, ApiCall call, std::string manager, MonoTime deadline);

  /// All objects of a list, page by page. `path` with its query, both escaped. Reasons: those of ApiClient, and ListInvalid where a page
  /// is none, an object cannot be read, or the next page is somewhere else, or is not there: an error that IsAbsent is about the whole
  /// list, of which nothing was read.
  Result<void> Each(const std::string& path, const Read& read);

  /// The object with an id that Azure gave; false where there is no such thing any more. `query` is escaped. Reasons likewise, and
  /// ListInvalid where the answer is about another.
  Result<bool> One(const std::string& id, const std::string& query, const Read& read);

  /// An error that says that the answer cannot be believed.
  Error Unbelieved(const std::string& why) const;

 private:
  Result<std::string> Ask(const std::string& path);
  Result<std::string> ReadPage(const std::string& path, const Read& read);
  Result<std::string> PathOf(const std::string& link) const;

  ApiClient& client_;
  ApiCall call_;
  const std::string manager_;
  const MonoTime deadline_;
};

}  // namespace slipway::cloud::azure
