#include "src/cli/session.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "src/kube/kubeconfig.hpp"

namespace slipway::cli {

using nlohmann::json;

namespace {

constexpr const char* kPageSize = "500";

}  // namespace

Result<json> ParseAnswer(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) {
    return Fail(Code::kInternal, "the server's answer is not JSON: " + text.substr(0, 200));
  }
  return value;
}

Result<Session> Session::Open(const GlobalOptions& options) {
  SLIPWAY_TRY(path, kube::FindKubeconfig(options.kubeconfig));
  SLIPWAY_TRY(connection, kube::LoadKubeconfig(path));
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
  SLIPWAY_TRY(text, client_.Send({.path = path}));
  return ParseAnswer(text);
}

Result<std::vector<json>> Session::List(const Resource& resource,
                                        const std::map<std::string, std::string>& query,
                                        bool all_namespaces) const {
  std::vector<json> objects;
  kube::Request request{.path = Path(resource, "", all_namespaces), .query = query};
  request.query["limit"] = kPageSize;
  while (true) {
    SLIPWAY_TRY(text, client_.Send(request));
    SLIPWAY_TRY(page, ParseAnswer(text));
    const std::string kind = page.value("kind", "");
    for (json& item : page["items"]) {
      // The items of a list carry neither; on its own each must say what it is.
      item["apiVersion"] = page.value("apiVersion", "");
      item["kind"] = kind.substr(0, kind.rfind("List"));
      objects.push_back(std::move(item));
    }
    const std::string next = page.value("/metadata/continue"_json_pointer, std::string());
    if (next.empty()) {
      return objects;
    }
    request.query["continue"] = next;
  }
}

Result<json> Session::Create(const std::string& path, const json& object) const {
  SLIPWAY_TRY(text,
              client_.Send({.method = "POST",
                            .path = path,
                            .query = {{"fieldManager", "slipway"}, {"fieldValidation", "Strict"}},
                            .body = object.dump()}));
  return ParseAnswer(text);
}

Result<json> Session::MergePatch(const std::string& path, const json& patch) const {
  SLIPWAY_TRY(text,
              client_.Send({.method = "PATCH",
                            .path = path,
                            .query = {{"fieldManager", "slipway"}, {"fieldValidation", "Strict"}},
                            .body = patch.dump(),
                            .content_type = "application/merge-patch+json"}));
  return ParseAnswer(text);
}

ExitCode Report(const Error& error, const Streams& streams) {
  streams.err << "error: " << error.message << "\n";
  for (const Cause& cause : error.causes) {
    const std::string line =
        cause.field.empty() ? cause.message : cause.field + ": " + cause.message;
    if (error.message.find(line) == std::string::npos) {
      streams.err << "  * " << line << "\n";
    }
  }
  return error.code == Code::kTimeout ? kTimedOut : kFailed;
}

}  // namespace slipway::cli
