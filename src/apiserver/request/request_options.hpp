#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/http/exchange.hpp"
#include "src/objects/table.hpp"

// What the query, the headers and the body of a request ask for. Pure. Errors: kBadRequest,
// kInvalid and kUnsupportedMediaType with Kubernetes' words. Thread-safe.
namespace slipway::apiserver {

/// Everything except `0` and `false` is true; absent is false.
bool IsTrue(const http::RequestHead& head, std::string_view parameter);

/// "CreateOptions" and the like: what the query of a request is called where something is wrong with it.
std::string WriteOptionsKind(const http::RequestHead& head);

/// dryRun, fieldValidation, fieldManager and force of a query. `verb` as VerbOf gave it.
Result<WriteOptions> WriteOptionsOf(const http::RequestHead& head, const std::string& verb);

/// What a DELETE asks for, in its query and in its body.
struct DeleteWish {
  objects::DeleteRequest request{};
  bool dry_run = false;
};

/// From query and body of a DELETE; kubectl says `--dry-run` in the body only.
Result<DeleteWish> DeleteWishOf(const http::RequestHead& head, const std::string& body);

/// The body of a POST or PUT as JSON text: JSON, YAML, protobuf, or nothing said, which means JSON.
/// `kind`: of which it should be. Custom resources have no form in protobuf.
Result<std::string> ObjectTextOf(const http::RequestHead& head, std::string body,
                                 const objects::KindInfo& kind);

/// From the Content-Type of a PATCH.
Result<PatchType> PatchTypeOf(const http::RequestHead& head, const objects::KindInfo& kind);

/// The body of a PATCH as JSON text. What is applied may be YAML.
Result<std::string> PatchTextOf(PatchType type, std::string body);

/// How objects are to be shown: as a table, and with what beside the cells; nullopt: as they are.
Result<std::optional<objects::IncludeObject>> TableOf(const http::RequestHead& head);

}  // namespace slipway::apiserver
