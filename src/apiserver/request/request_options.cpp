#include "src/apiserver/request/request_options.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/apiserver/request/field_manager_option.hpp"
#include "src/apiserver/request/option_faults.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/yaml.hpp"
#include "src/protobuf/object_body.hpp"

namespace slipway::apiserver {
namespace {

using http::RequestHead;
using objects::Json;

constexpr const char* kDeleteOptions = "DeleteOptions";

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

/// `options`: the kind of the options that say it.
Result<void> CheckDryRun(const std::string& options, const std::vector<std::string>& values) {
  std::string shown;
  bool good = true;
  for (const std::string& value : values) {
    good = good && value == "All";
    shown += (shown.empty() ? "" : ", ") + QuotedText(value);
  }
  OptionFaults faults(options);
  if (!good) {
    faults.NotSupported("dryRun", "[]string{" + shown + "}", {"All"});
  }
  return faults.Verdict();
}

Result<std::optional<objects::DeleteRequest::Propagation>> PropagationOf(const std::string& text) {
  using Propagation = objects::DeleteRequest::Propagation;
  if (text.empty()) {
    return std::optional<Propagation>();
  }
  if (text == "Background") {
    return std::optional(Propagation::kBackground);
  }
  if (text == "Foreground") {
    return std::optional(Propagation::kForeground);
  }
  if (text == "Orphan") {
    return std::optional(Propagation::kOrphan);
  }
  OptionFaults faults(kDeleteOptions);
  faults.NotSupported("propagationPolicy", QuotedText(text),
                      {"Foreground", "Background", "Orphan", "nil"});
  return faults.Verdict().error();
}

/// What is meant by the policy and by its old form, of which only one may be said.
Result<std::string> PolicyOf(const std::string& policy, std::optional<bool> orphan) {
  OptionFaults faults(kDeleteOptions);
  if (orphan && !policy.empty()) {
    faults.Invalid("propagationPolicy", QuotedText(policy),
                   "orphanDependents and deletionPropagation cannot be both set");
  }
  SLIPWAY_TRYV(faults.Verdict());
  if (!orphan) {
    return policy;
  }
  return std::string(*orphan ? "Orphan" : "Background");
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

/// An object of another kind may have been meant for another address: it deletes nothing.
Result<void> CheckDeleteOptionsKind(const Json& tree) {
  if (!tree.is_object()) {
    return Fail(Code::kBadRequest, "the body must be an object of kind DeleteOptions");
  }
  SLIPWAY_TRY(kind, TextField(tree, "kind"));
  SLIPWAY_TRY(version, TextField(tree, "apiVersion"));
  if (kind.value_or(kDeleteOptions) != kDeleteOptions) {
    return Fail(Code::kUnexplained, "no kind " + QuotedText(*kind) + " is registered for version " +
                                        QuotedText(version.value_or("meta.k8s.io/v1")) +
                                        " in scheme \"pkg/runtime/scheme.go:100\"");
  }
  return Ok();
}

/// Fills in what the body of a DELETE says.
Result<void> ReadDeleteOptions(const Json& tree, DeleteWish& wish, std::string& policy) {
  SLIPWAY_TRYV(CheckDeleteOptionsKind(tree));
  const Json grace = tree.value("gracePeriodSeconds", Json());
  if (!grace.is_null() && !grace.is_number_integer()) {
    return Fail(Code::kBadRequest, "DeleteOptions: gracePeriodSeconds must be a whole number");
  }
  // kubectl says --dry-run here only.
  std::vector<std::string> dry_run;
  for (const Json& value : tree.value("dryRun", Json::array())) {
    dry_run.push_back(value.is_string() ? value.get<std::string>() : "?");
  }
  SLIPWAY_TRYV(CheckDryRun(kDeleteOptions, dry_run));
  wish.dry_run = wish.dry_run || !dry_run.empty();
  SLIPWAY_TRY(propagation, TextField(tree, "propagationPolicy"));
  const Json orphan = tree.value("orphanDependents", Json());
  if (!orphan.is_null() && !orphan.is_boolean()) {
    return Fail(Code::kBadRequest, "DeleteOptions: orphanDependents must be true or false");
  }
  SLIPWAY_TRY(chosen,
              PolicyOf(propagation.value_or(policy),
                       orphan.is_null() ? std::nullopt : std::optional(orphan.get<bool>())));
  policy = chosen;
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

/// A body in any of the forms that the API reads, as JSON text.
Result<std::string> TextOf(const RequestHead& head, std::string body,
                           const protobuf::ExpectedObject& expected) {
  const std::string type = MediaType(head, "content-type");
  if (type.empty() || type == "application/json") {
    return body;
  }
  if (type == protobuf::kObjectType) {
    return protobuf::ObjectTextOfProtobuf(body, expected);
  }
  if (type != "application/yaml") {
    return Fail(Code::kUnsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json, application/yaml, application/vnd.kubernetes.protobuf");
  }
  SLIPWAY_TRY(documents, objects::ParseYaml(body, body.size()));  // the listener has bounded it
  if (documents.size() != 1) {
    return Fail(Code::kBadRequest,
                "the body must hold one YAML document, not " + std::to_string(documents.size()));
  }
  return PrintJson(documents.front());
}

}  // namespace

bool IsTrue(const RequestHead& head, std::string_view parameter) {
  if (!head.HasQuery(parameter)) {
    return false;
  }
  const std::string value = Lower(head.Query(parameter));
  return value != "0" && value != "false";
}

std::string WriteOptionsKind(const RequestHead& head) {
  if (head.method == "PUT") {
    return "UpdateOptions";
  }
  if (head.method == "PATCH") {
    return "PatchOptions";
  }
  return head.method == "DELETE" ? kDeleteOptions : "CreateOptions";
}

Result<WriteOptions> WriteOptionsOf(const RequestHead& head, const std::string& verb) {
  WriteOptions options{.field_validation = objects::FieldValidation::kWarn};
  const std::string kind = WriteOptionsKind(head);
  if (head.HasQuery("dryRun")) {
    SLIPWAY_TRYV(CheckDryRun(kind, {std::string(head.Query("dryRun"))}));
    options.dry_run = true;
  }
  SLIPWAY_TRYV(ReadFieldManager(head, verb, options));
  const std::string_view validation = head.Query("fieldValidation");
  if (validation == "Strict") {
    options.field_validation = objects::FieldValidation::kStrict;
  } else if (validation == "Ignore") {
    options.field_validation = objects::FieldValidation::kIgnore;
  } else if (!validation.empty() && validation != "Warn") {
    OptionFaults faults(kind);
    faults.NotSupported("fieldValidation", QuotedText(validation),
                        {"", "Ignore", "Strict", "Warn"});
    return faults.Verdict().error();
  }
  return options;
}

Result<DeleteWish> DeleteWishOf(const RequestHead& head, const std::string& body) {
  DeleteWish wish;
  SLIPWAY_TRY(options, WriteOptionsOf(head, "delete"));
  wish.dry_run = options.dry_run;
  SLIPWAY_TRY(policy, PolicyOf(std::string(head.Query("propagationPolicy")),
                               head.HasQuery("orphanDependents")
                                   ? std::optional(IsTrue(head, "orphanDependents"))
                                   : std::nullopt));
  if (!body.empty()) {
    const protobuf::ExpectedObject expected{.api_version = "v1", .kind = "DeleteOptions"};
    SLIPWAY_TRY(text, TextOf(head, body, expected));
    SLIPWAY_TRY(tree, objects::ParseJson(text));
    SLIPWAY_TRYV(ReadDeleteOptions(tree, wish, policy));
  }
  SLIPWAY_TRY(propagation, PropagationOf(policy));
  wish.request.propagation = propagation;
  return wish;
}

Result<std::string> ObjectTextOf(const RequestHead& head, std::string body,
                                 const objects::KindInfo& kind) {
  const std::string version = kind.ApiVersion();
  return TextOf(head, std::move(body), {.api_version = version, .kind = kind.kind});
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
  // Kubernetes answers for its own kinds before it looks which types there are.
  return Fail(Code::kUnsupportedMediaType,
              custom ? "the body of the request was in an unknown format - accepted media types "
                       "include: application/json-patch+json, application/merge-patch+json, " +
                           std::string(kApplyType)
                     : "415: Unsupported Media Type");
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
  return Fail(Code::kBadRequest,
              "Unable to convert to Table as requested: includeObject: Invalid value: " +
                  QuotedText(include) + ": must be 'Metadata', 'Object', 'None', or empty");
}

}  // namespace slipway::apiserver
