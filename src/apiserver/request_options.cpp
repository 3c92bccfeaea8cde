#include "src/apiserver/request_options.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/apiserver/field_manager_option.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/yaml.hpp"

namespace slipway::apiserver {
namespace {

using http::RequestHead;
using objects::Json;

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char letter) { return std::tolower(letter); });
  return lower;
}

/// The media type of a header, without parameters.
std::string MediaType(const RequestHead& head, std::string_view header) {
  const std::string value = head.Header(header);
  std::string type = Lower(value.substr(0, std::min(value.find(';'), value.size())));
  type.erase(type.find_last_not_of(" \t") + 1);
  return type;
}

Error InvalidOption(const std::string& options, const std::string& field,
                    const std::string& message) {
  Error error = Fail(Code::kInvalid, options + " \"\" is invalid: " + field + ": " + message);
  error.causes.push_back({.field = field, .message = message, .reason = "FieldValueForbidden"});
  return error;
}

Result<void> CheckDryRun(std::string_view value) {
  if (value != "All") {
    return InvalidOption(
        "CreateOptions.meta.k8s.io", "dryRun",
        "Unsupported value: \"" + std::string(value) + "\": supported values: \"All\"");
  }
  return Ok();
}

Result<std::size_t> LimitOf(const RequestHead& head) {
  if (!head.HasQuery("limit") || head.Query("limit").empty()) {
    return std::size_t{0};
  }
  const auto limit = Number(head.Query("limit"));
  if (!limit || *limit < 0) {
    return Fail(Code::kBadRequest, "limit must be a number that is not negative");
  }
  return static_cast<std::size_t>(*limit);
}

Selectors SelectorsOf(const RequestHead& head) {
  return {.label = std::string(head.Query("labelSelector")),
          .field = std::string(head.Query("fieldSelector"))};
}

Result<void> CheckMatch(const std::string& match, std::optional<store::Revision> revision,
                        bool continues) {
  if (match.empty()) {
    return Ok();
  }
  const auto refused = [](const std::string& why) {
    return InvalidOption("ListOptions.meta.k8s.io", "resourceVersionMatch", "Forbidden: " + why);
  };
  if (continues) {
    return refused("resourceVersionMatch is forbidden when continue is provided");
  }
  if (!revision) {
    return refused("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (match != "Exact" && match != "NotOlderThan") {
    return refused("supported values: \"Exact\", \"NotOlderThan\"");
  }
  if (match == "Exact" && *revision == 0) {
    return refused("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
  }
  return Ok();
}

Result<objects::DeleteRequest::Propagation> PropagationOf(const std::string& text) {
  using Propagation = objects::DeleteRequest::Propagation;
  if (text.empty() || text == "Background") {
    return Propagation::kBackground;
  }
  if (text == "Foreground") {
    return Propagation::kForeground;
  }
  if (text == "Orphan") {
    return Propagation::kOrphan;
  }
  return InvalidOption("DeleteOptions.meta.k8s.io", "propagationPolicy",
                       "Unsupported value: \"" + text +
                           "\": supported values: \"Background\", \"Foreground\", \"Orphan\"");
}

/// A field of an object as text; nullopt where it is absent, null or empty.
Result<std::optional<std::string>> TextField(const Json& tree, const char* field) {
  const auto found = tree.find(field);
  if (found == tree.end() || found->is_null()) {
    return std::optional<std::string>();
  }
  if (!found->is_string()) {
    return Fail(Code::kBadRequest,
                std::string("DeleteOptions: ") + field + " must be text: put it into quotes");
  }
  auto text = found->get<std::string>();
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

/// Fills in what the body of a DELETE says.
Result<void> ReadDeleteOptions(const Json& tree, DeleteWish& wish, std::string& policy) {
  if (!tree.is_object()) {
    return Fail(Code::kBadRequest, "the body must be an object of kind DeleteOptions");
  }
  // kubectl says --dry-run here only.
  const Json dry_run = tree.value("dryRun", Json::array());
  for (const Json& value : dry_run) {
    SLIPWAY_TRYV(CheckDryRun(value.is_string() ? value.get<std::string>() : "?"));
    wish.dry_run = true;
  }
  SLIPWAY_TRY(propagation, TextField(tree, "propagationPolicy"));
  policy = propagation.value_or(policy);
  const Json preconditions = tree.value("preconditions", Json());
  if (preconditions.is_null()) {
    return Ok();
  }
  if (!preconditions.is_object()) {
    return Fail(Code::kBadRequest, "DeleteOptions: preconditions must be an object");
  }
  SLIPWAY_TRY(uid, TextField(preconditions, "uid"));
  SLIPWAY_TRY(version, TextField(preconditions, "resourceVersion"));
  wish.request.uid = std::move(uid);
  wish.request.resource_version = std::move(version);
  return Ok();
}

}  // namespace

bool IsTrue(const RequestHead& head, std::string_view parameter) {
  if (!head.HasQuery(parameter)) {
    return false;
  }
  const std::string value = Lower(head.Query(parameter));
  return value != "0" && value != "false";
}

Result<std::optional<store::Revision>> RevisionOf(const RequestHead& head) {
  const std::string_view text = head.Query("resourceVersion");
  if (text.empty()) {
    return std::optional<store::Revision>();
  }
  const auto number = Number(text);
  if (!number || *number < 0) {
    return Fail(Code::kBadRequest, "resourceVersion: Invalid value: \"" + std::string(text) +
                                       "\": must be one that this API gave");
  }
  return number;
}

Result<ListRequest> ListRequestOf(const RequestHead& head) {
  ListRequest request;
  SLIPWAY_TRY(revision, RevisionOf(head));
  SLIPWAY_TRY(limit, LimitOf(head));
  request.options.selectors = SelectorsOf(head);
  request.options.limit = limit;
  request.options.continue_token = std::string(head.Query("continue"));
  const bool continues = !request.options.continue_token.empty();
  const std::string match(head.Query("resourceVersionMatch"));
  SLIPWAY_TRYV(CheckMatch(match, revision, continues));
  if (continues && revision && *revision != 0) {
    return Fail(Code::kBadRequest,
                "specifying resource version is not allowed when using continue");
  }
  if (match == "Exact") {
    request.options.revision = *revision;
  } else if (!continues) {
    request.not_older = revision.value_or(0);
  }
  return request;
}

Result<WatchRequest> WatchRequestOf(const RequestHead& head) {
  WatchRequest request;
  SLIPWAY_TRY(revision, RevisionOf(head));
  request.selectors = SelectorsOf(head);
  request.bookmarks = IsTrue(head, "allowWatchBookmarks");
  const std::string match(head.Query("resourceVersionMatch"));
  const bool stream_list = IsTrue(head, "sendInitialEvents");
  if (head.HasQuery("sendInitialEvents") && match != "NotOlderThan") {
    return InvalidOption("ListOptions.meta.k8s.io", "resourceVersionMatch",
                         "Forbidden: sendInitialEvents requires resourceVersionMatch to be set to "
                         "\"NotOlderThan\"");
  }
  if (!head.HasQuery("sendInitialEvents") && !match.empty()) {
    return InvalidOption("ListOptions.meta.k8s.io", "resourceVersionMatch",
                         "Forbidden: resourceVersionMatch is forbidden for watch unless "
                         "sendInitialEvents is provided");
  }
  request.mark_end = stream_list && request.bookmarks;
  request.initial =
      stream_list || (!head.HasQuery("sendInitialEvents") && revision.value_or(0) == 0);
  request.after = revision.value_or(0);
  const std::string_view longest = head.Query("timeoutSeconds");
  if (!longest.empty()) {
    const auto seconds = Number(longest);
    if (!seconds || *seconds < 0 || *seconds > 1'000'000'000) {
      return Fail(Code::kBadRequest, "timeoutSeconds must be a number that is not negative");
    }
    if (*seconds > 0) {
      request.longest = std::chrono::seconds(*seconds);
    }
  }
  return request;
}

Result<WriteOptions> WriteOptionsOf(const RequestHead& head, const std::string& verb) {
  WriteOptions options{.field_validation = objects::FieldValidation::kWarn};
  if (head.HasQuery("dryRun")) {
    SLIPWAY_TRYV(CheckDryRun(head.Query("dryRun")));
    options.dry_run = true;
  }
  SLIPWAY_TRYV(ReadFieldManager(head, verb, options));
  const std::string_view validation = head.Query("fieldValidation");
  if (validation == "Strict") {
    options.field_validation = objects::FieldValidation::kStrict;
  } else if (validation == "Ignore") {
    options.field_validation = objects::FieldValidation::kIgnore;
  } else if (!validation.empty() && validation != "Warn") {
    return InvalidOption("CreateOptions.meta.k8s.io", "fieldValidation",
                         "Unsupported value: \"" + std::string(validation) +
                             "\": supported values: \"Ignore\", \"Strict\", \"Warn\"");
  }
  return options;
}

Result<DeleteWish> DeleteWishOf(const RequestHead& head, const std::string& body) {
  DeleteWish wish;
  SLIPWAY_TRY(options, WriteOptionsOf(head, "delete"));
  wish.dry_run = options.dry_run;
  std::string policy(head.Query("propagationPolicy"));
  if (!body.empty()) {
    if (MediaType(head, "content-type").find("protobuf") != std::string::npos) {
      return Fail(Code::kUnsupportedMediaType, "send DeleteOptions as application/json");
    }
    SLIPWAY_TRY(tree, objects::ParseJson(body));
    SLIPWAY_TRYV(ReadDeleteOptions(tree, wish, policy));
  }
  SLIPWAY_TRY(propagation, PropagationOf(policy));
  wish.request.propagation = propagation;
  return wish;
}

Result<std::string> ObjectTextOf(const RequestHead& head, std::string body) {
  const std::string type = MediaType(head, "content-type");
  if (type.empty() || type == "application/json") {
    return body;
  }
  if (type != "application/yaml" && type != "text/yaml") {
    return Fail(Code::kUnsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json, application/yaml");
  }
  SLIPWAY_TRY(documents, objects::ParseYaml(body, body.size()));  // the listener has bounded it
  if (documents.size() != 1) {
    return Fail(Code::kBadRequest,
                "the body must hold one YAML document, not " + std::to_string(documents.size()));
  }
  return PrintJson(documents.front());
}

Result<std::string> PatchTextOf(PatchType type, std::string body) {
  if (type != PatchType::kApply || body.starts_with('{')) {
    return body;
  }
  auto documents = objects::ParseYaml(body, body.size());  // the listener has bounded it
  if (!documents.has_value()) {
    return Fail(Code::kBadRequest, "error decoding YAML: " + documents.error().message);
  }
  if (documents.value().size() != 1) {
    return Fail(Code::kBadRequest, "error decoding YAML: the body must hold one document, not " +
                                       std::to_string(documents.value().size()));
  }
  return PrintJson(documents.value().front());
}

Result<PatchType> PatchTypeOf(const RequestHead& head, const objects::KindInfo& kind) {
  const std::string type = MediaType(head, "content-type");
  if (type == "application/merge-patch+json") {
    return PatchType::kMerge;
  }
  if (type == "application/json-patch+json") {
    return PatchType::kJson;
  }
  if (type == kApplyType) {
    return PatchType::kApply;
  }
  const bool custom = objects::IsCustom(kind);
  if (type == "application/strategic-merge-patch+json" && !custom) {
    return PatchType::kStrategicMerge;
  }
  return Fail(Code::kUnsupportedMediaType,
              std::string("the body of the request was in an unknown format - accepted media types "
                          "include: application/json-patch+json, application/merge-patch+json, ") +
                  (custom ? "" : "application/strategic-merge-patch+json, ") + kApplyType);
}

Result<std::optional<objects::IncludeObject>> TableOf(const RequestHead& head) {
  if (head.Header("accept").find("as=Table") == std::string::npos) {
    return std::optional<objects::IncludeObject>();
  }
  const std::string_view include = head.Query("includeObject");
  if (include.empty() || include == "Metadata") {
    return std::optional(objects::IncludeObject::kMetadata);
  }
  if (include == "Object") {
    return std::optional(objects::IncludeObject::kObject);
  }
  if (include == "None") {
    return std::optional(objects::IncludeObject::kNone);
  }
  return Fail(Code::kBadRequest, "unrecognized includeObject value: \"" + std::string(include) +
                                     "\"; use Metadata, Object or None");
}

}  // namespace slipway::apiserver
