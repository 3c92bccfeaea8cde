#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/apiserver/registry.hpp"
#include "src/http/exchange.hpp"
#include "src/objects/table.hpp"

// What the query, the headers and the body of a request ask for. Pure. Errors: kBadRequest,
// kInvalid and kUnsupportedMediaType with Kubernetes' words. Thread-safe.
namespace slipway::apiserver {

/// Everything except `0` and `false` is true; absent is false.
bool IsTrue(const http::RequestHead& head, std::string_view parameter);

/// A resourceVersion of a query; nullopt where it is absent.
Result<std::optional<store::Revision>> RevisionOf(const http::RequestHead& head);

/// What a LIST asks for.
struct ListRequest {
  ListOptions options{};
  store::Revision not_older = 0;  ///< the picture must be at least this new
};

/// From the query of a LIST.
Result<ListRequest> ListRequestOf(const http::RequestHead& head);

/// What a WATCH asks for.
struct WatchRequest {
  Selectors selectors{};
  store::Revision after = store::kLatest;
  bool initial = false;    ///< first what is there, as additions
  bool mark_end = false;   ///< then a bookmark that says so
  bool bookmarks = false;  ///< bookmarks every now and then
  std::optional<Duration> longest{};
};

/// From the query of a WATCH.
Result<WatchRequest> WatchRequestOf(const http::RequestHead& head);

/// dryRun, fieldValidation, fieldManager and force of a query. `verb` as VerbOf gave it.
Result<WriteOptions> WriteOptionsOf(const http::RequestHead& head, const std::string& verb);

/// What a DELETE asks for, in its query and in its body.
struct DeleteWish {
  objects::DeleteRequest request{};
  bool dry_run = false;
};

/// From query and body of a DELETE; kubectl says `--dry-run` in the body only.
Result<DeleteWish> DeleteWishOf(const http::RequestHead& head, const std::string& body);

/// The body of a POST or PUT as JSON text: JSON, YAML, or nothing said.
Result<std::string> ObjectTextOf(const http::RequestHead& head, std::string body);

/// From the Content-Type of a PATCH.
Result<PatchType> PatchTypeOf(const http::RequestHead& head, const objects::KindInfo& kind);

/// The body of a PATCH as JSON text. What is applied may be YAML.
Result<std::string> PatchTextOf(PatchType type, std::string body);

/// How objects are to be shown: as a table, and with what beside the cells; nullopt: as they are.
Result<std::optional<objects::IncludeObject>> TableOf(const http::RequestHead& head);

}  // namespace slipway::apiserver
