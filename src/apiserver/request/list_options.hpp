#pragma once

#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/rng.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/http/exchange.hpp"

// What the query of a LIST, of a WATCH or of a DELETE of a collection asks for. Pure, thread-safe. Errors:
// kBadRequest for what cannot be read, kInvalid with every cause for what contradicts itself; both in
// kube-apiserver's words.
namespace slipway::apiserver {

/// What a LIST asks for.
struct ListRequest {
  ListOptions options{};
  store::Revision not_older = 0;  ///< the picture must be at least this new
};

/// What a WATCH asks for.
struct WatchRequest {
  Selectors selectors{};
  store::Revision after = store::kLatest;
  bool initial = false;           ///< first what is there, as additions
  store::Revision not_older = 0;  ///< what is there must be at least this new
  bool mark_end = false;          ///< then a bookmark that says so
  bool bookmarks = false;         ///< bookmarks every now and then
  std::optional<Duration> longest{};
};

/// Of a LIST, or of a DELETE of a collection.
Result<ListRequest> ListRequestOf(const http::RequestHead& head);

/// Of a WATCH.
Result<WatchRequest> WatchRequestOf(const http::RequestHead& head);

/// How long a watch lasts: where it does not say so, a time of 30 to 60 minutes that `rng` chooses, so that
/// clients do not all come back at once.
Duration TimeOf(const WatchRequest& request, Rng& rng);

/// resourceVersion of a query; nullopt where it is absent.
Result<std::optional<store::Revision>> RevisionOf(const http::RequestHead& head);

}  // namespace slipway::apiserver
