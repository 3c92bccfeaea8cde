#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>

#include "src/cli/session.hpp"

namespace slipway::cli {

/// A collection to follow, and who hears of it. All is called on the thread of FollowCollection, in order.
struct CollectionWatch {
  kube::Request request;  ///< of the collection: path, selectors, form of the answer

  /// Reads everything that there is, and returns its resourceVersion.
  std::function<Result<std::string>()> list;

  /// `type` is ADDED, MODIFIED or DELETED. False: enough, the watch ends.
  std::function<Result<bool>(const std::string& type, nlohmann::json object)> changed;

  /// The first trouble of a row; nullptr when it is over.
  std::function<void(const Error* trouble)> trouble;
};

/// Follows the collection from `version` on, or from a list where that is empty. Comes back to where it was after the server
/// closed the watch, was away or said nothing for minutes, and lists again where that is too long ago. Blocks until `changed`
/// says false or `stop` is asked for (a value), or until an error that no waiting mends.
Result<void> FollowCollection(const Session& session, const CollectionWatch& watch,
                              std::string version, const std::stop_token& stop = {});

/// Whether the same request may succeed later.
bool MayPass(Code code);

/// Tells people of a trouble that is waited out.
std::string TryingAgain(const Error& trouble);

}  // namespace slipway::cli
