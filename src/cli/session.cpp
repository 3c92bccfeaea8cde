#include "src/cli/session.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "reconciler/base/json.hpp"
#include "src/kube/kubeconfig.hpp"
#include "src/objects/hints.hpp"

namespace slipway::cli {

using nlohmann::json;

namespace {

constexpr const char* kPageSize = "500";
/// Who owns what these commands write.
constexpr const char* kFieldManager = "slipway-cli";

/// The plural at the end of the path of one object, such as /api/v1/namespaces/default/secrets/x; "" where it is no such path.
std::string KindAt(const std::string& path) {
  const std::size_t name = path.rfind('/');
  const std::size_t kind = name == 0 || name == path.npos ? path.npos : path.rfind('/', name - 1);
  if (kind == path.npos) {
    return "";
  }
  const std::string plural = path.substr(kind + 1, name - kind - 1);
  const auto resource = FindResource(plural);
  return resource.has_value() && resource.value().plural == plural ? plural : "";
}

/// What to do about an error of this kind in answer to a request for `path`; "" where its message says so already.
std::string AdviceFor(Code code, const std::string& path) {
  switch (code) {
    case Code::kUnauthorized:
      return "use the admin.kubeconfig that this server wrote in its data directory, or a token of "
             "`slipway access create` that has not ended";
    case Code::kForbidden:
      return "use a kubeconfig that allows it";
    case Code::kNotFound:
      return KindAt(path).empty() ? "" : "`slipway get " + KindAt(path) + "` lists what there is";
    case Code::kAlreadyExists:
      return path.ends_with("/accesstokens")
                 ? "take another name, or `slipway access revoke` the one that is there"
                 : "`slipway apply` changes what is there";
    case Code::kConflict:
      return "it was changed meanwhile: run the command again";
    case Code::kExpired:
    case Code::kTooManyRequests:
      return "run the command again";
    case Code::kInternal:
      return "the log of `slipway server` says more";
    case Code::kBadRequest:
    case Code::kMethodNotAllowed:
    case Code::kTooLarge:
    case Code::kUnsupportedMediaType:
    case Code::kInvalid:
    case Code::kUnavailable:
    case Code::kUnexplained:
    case Code::kUnprocessable:
    case Code::kTimeout:
      return "";
  }
  return "";
}

}  // namespace

Result<json> ParseAnswer(const std::string& text) {
  json value = ReadJson(text);
  if (value.is_discarded()) {
    return Fail(Code::kInternal, "the server's answer is not JSON: " + text.substr(0, 200));
  }
  return value;
}

Result<Session> Session::Open(const GlobalOptions& options) {
  SLIPWAY_TRY(path, kube::FindKubeconfig(options.kubeconfig));
  SLIPWAY_TRY(connection, kube::LoadKubeconfig(path, options.context));
  if (!options.token.empty()) {
    // The API looks at no token beside a certificate.
    connection.client_certificate_pem.clear();
    connection.client_key_pem.clear();
    connection.token = options.token;
  }
  const std::string ns = options.ns.empty() ? connection.ns : options.ns;
  SLIPWAY_TRY(client, kube::Client::Open(std::move(connection)));
  return Session(std::move(client), ns);
}

std::string Session::PathIn(const Resource& resource, const std::string& ns,
                            const std::string& name) const {
  std::string path = resource.prefix;
  if (resource.namespaced && !ns.empty()) {
    path += "/namespaces/" + ns;
  }
  path += "/" + resource.plural;
  return name.empty() ? path : path + "/" + name;
}

std::string Session::Path(const Resource& resource, const std::string& name,
                          bool all_namespaces) const {
  return PathIn(resource, all_namespaces ? "" : ns_, name);
}

Result<json> Session::Get(const std::string& path) const {
  SLIPWAY_TRY(text, Send({.path = path}));
  return ParseAnswer(text);
}

Result<std::string> Session::Send(const kube::Request& request) const {
  auto answer = client_.Send(request);
  if (!answer.has_value()) {
    return Advised(answer.error(), request.path);
  }
  return answer;
}

Result<void> Session::Stream(const kube::Request& request, Duration idle,
                             const std::function<bool(const std::string& line)>& on_line,
                             const std::stop_token& stop) const {
  auto ended = client_.Stream(request, idle, on_line, stop);
  if (!ended.has_value()) {
    return Advised(ended.error(), request.path);
  }
  return ended;
}

Result<Listing> Session::List(const Resource& resource,
                              const std::map<std::string, std::string>& query,
                              bool all_namespaces) const {
  Listing listing;
  kube::Request request{.path = Path(resource, "", all_namespaces), .query = query};
  request.query["limit"] = kPageSize;
  while (true) {
    SLIPWAY_TRY(text, Send(request));
    SLIPWAY_TRY(page, ParseAnswer(text));
    const std::string kind = page.value("kind", "");
    for (json& item : page["items"]) {
      // The items of a list carry neither; on its own each must say what it is.
      item["apiVersion"] = page.value("apiVersion", "");
      item["kind"] = kind.substr(0, kind.rfind("List"));
      listing.items.push_back(std::move(item));
    }
    listing.resource_version = page.value("/metadata/resourceVersion"_json_pointer, std::string());
    const std::string next = page.value("/metadata/continue"_json_pointer, std::string());
    if (next.empty()) {
      return listing;
    }
    request.query["continue"] = next;
  }
}

Result<json> Session::Create(const std::string& path, const json& object) const {
  SLIPWAY_TRY(text, Send({.method = "POST",
                          .path = path,
                          .query = {{"fieldManager", kFieldManager}, {"fieldValidation", "Strict"}},
                          .body = object.dump()}));
  return ParseAnswer(text);
}

Result<json> Session::MergePatch(const std::string& path, const json& patch) const {
  SLIPWAY_TRY(text, Send({.method = "PATCH",
                          .path = path,
                          .query = {{"fieldManager", kFieldManager}, {"fieldValidation", "Strict"}},
                          .body = patch.dump(),
                          .content_type = "application/merge-patch+json"}));
  return ParseAnswer(text);
}

Result<json> Session::ServerSideApply(const std::string& path, const json& object,
                                      const std::string& manager, bool force) const {
  SLIPWAY_TRY(text, Send({.method = "PATCH",
                          .path = path,
                          .query = {{"fieldManager", manager},
                                    {"fieldValidation", "Strict"},
                                    {"force", force ? "true" : "false"}},
                          .body = object.dump(),
                          .content_type = "application/apply-patch+yaml"}));
  return ParseAnswer(text);
}

Error Advised(Error error, const std::string& path) {
  const bool owned = !error.causes.empty() && error.causes.front().reason == "FieldManagerConflict";
  const std::string advice =
      owned ? "leave them out, or take them with --force-conflicts" : AdviceFor(error.code, path);
  error.message += advice.empty() ? "" : "; " + advice;
  return error;
}

ExitCode Report(const Error& error, const Streams& streams) {
  std::string told = error.message;
  std::string more;
  for (const Cause& cause : error.causes) {
    const std::string field = cause.field.empty() ? "" : cause.field + ": ";
    const std::string line = field + objects::WithHint(cause.message);
    const std::size_t found = told.find(field + cause.message);
    if (found == std::string::npos) {
      more += "  * " + line + "\n";
    } else {
      told.replace(found, field.size() + cause.message.size(), line);
    }
  }
  streams.err << "error: " << told << "\n" << more;
  return error.code == Code::kTimeout ? kTimedOut : kFailed;
}

}  // namespace slipway::cli
