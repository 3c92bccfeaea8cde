#include "src/kube/kubeconfig.hpp"

#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

namespace slipway::kube {
namespace {

constexpr const char* kDefaultDataDir = "/var/lib/slipway";

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return Fail(Code::kInvalid,
                path + ": cannot be read, or is empty; is it the right file, and may you read it?");
  }
  return text.str();
}

/// Whether there is a file. kForbidden where a folder above it is closed to us.
Result<bool> Exists(const std::string& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (error == std::errc::permission_denied) {
    return Fail(Code::kForbidden, path +
                                      " may not be read; set KUBECONFIG to a copy that you may "
                                      "read, or become root");
  }
  return there && !error;
}

Result<std::string> DecodeBase64(const std::string& text, const std::string& where) {
  std::string compact;
  for (const char c : text) {
    if (c != '\n' && c != ' ' && c != '\r') {
      compact.push_back(c);
    }
  }
  std::string out(compact.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(compact.data()),
                                   static_cast<int>(compact.size()));
  const std::size_t padding = compact.ends_with("==") ? 2 : compact.ends_with("=") ? 1 : 0;
  if (size < 0 || compact.find('=') < compact.size() - padding) {
    return Fail(Code::kInvalid, where + ": is not base64");
  }
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

/// The entry called `name` of a kubeconfig list such as `clusters`.
YAML::Node Named(const YAML::Node& list, const std::string& name) {
  for (const auto& entry : list) {
    if (entry["name"] && entry["name"].as<std::string>() == name) {
      return entry;
    }
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

/// The PEM text of `field`: inline as `field-data`, or in the file that `field` names, relative to
/// the kubeconfig.
Result<std::string> Pem(const YAML::Node& node, const std::string& field, const std::string& path) {
  if (const YAML::Node data = node[field + "-data"]) {
    return DecodeBase64(data.as<std::string>(), path + ": " + field + "-data");
  }
  if (const YAML::Node file = node[field]) {
    const std::filesystem::path named(file.as<std::string>());
    const auto base = std::filesystem::path(path).parent_path();
    return ReadFile((named.is_absolute() ? named : base / named).string());
  }
  return std::string();
}

/// What keeps the tree from being a kubeconfig; "" where nothing does that can be seen from its shape.
std::string FaultOf(const YAML::Node& root) {
  if (!root.IsMap()) {
    return "it must hold clusters, contexts, users and current-context";
  }
  for (const auto& [list, inner] :
       {std::pair{"clusters", "cluster"}, {"contexts", "context"}, {"users", "user"}}) {
    const YAML::Node entries = root[list];
    if (!entries || entries.IsNull()) {
      continue;
    }
    if (!entries.IsSequence()) {
      return std::string(list) + ": must be a list";
    }
    for (const YAML::Node& entry : entries) {
      if (!entry.IsMap() || (entry[inner] && !entry[inner].IsMap() && !entry[inner].IsNull())) {
        return std::string(list) + ": each must hold name and " + inner;
      }
    }
  }
  return "";
}

/// "line 3: ", where the library knows it.
std::string Place(const YAML::Exception& error) {
  return error.mark.is_null() ? "" : "line " + std::to_string(error.mark.line + 1) + ": ";
}

Result<Connection> Resolve(const YAML::Node& root, const std::string& path,
                           const std::string& wanted) {
  const std::string current =
      root["current-context"] ? root["current-context"].as<std::string>() : "";
  const std::string chosen = wanted.empty() ? current : wanted;
  const YAML::Node context = Named(root["contexts"], chosen)["context"];
  if (!context && !wanted.empty()) {
    return Fail(Code::kInvalid, path + ": there is no context \"" + wanted + "\"");
  }
  if (!context) {
    return Fail(Code::kInvalid, path + ": current-context: \"" + current +
                                    "\": is not among its contexts; set it to one that is");
  }
  Connection connection;
  const YAML::Node cluster =
      Named(root["clusters"], context["cluster"].as<std::string>())["cluster"];
  if (!cluster || !cluster["server"]) {
    return Fail(Code::kInvalid,
                path + ": context \"" + chosen + "\" names a cluster without a server address");
  }
  connection.server = cluster["server"].as<std::string>();
  while (!connection.server.empty() && connection.server.back() == '/') {
    connection.server.pop_back();
  }
  if (context["namespace"]) {
    connection.ns = context["namespace"].as<std::string>();
  }
  SLIPWAY_TRY(ca, Pem(cluster, "certificate-authority", path));
  connection.ca_pem = ca;
  if (const YAML::Node user = Named(root["users"], context["user"].as<std::string>(""))["user"]) {
    SLIPWAY_TRY(certificate, Pem(user, "client-certificate", path));
    SLIPWAY_TRY(key, Pem(user, "client-key", path));
    connection.client_certificate_pem = certificate;
    connection.client_key_pem = key;
    connection.token = user["token"] ? user["token"].as<std::string>() : "";
  }
  return connection;
}

}  // namespace

Result<Connection> LoadKubeconfig(const std::string& path, const std::string& context) {
  SLIPWAY_TRY(text, ReadFile(path));
  std::string fault;
  try {
    const YAML::Node root = YAML::Load(text);
    fault = FaultOf(root);
    if (fault.empty()) {
      return Resolve(root, path, context);
    }
  } catch (const YAML::ParserException& error) {
    fault = Place(error) + "is not YAML: " + error.msg;
  } catch (const YAML::Exception& error) {
    fault = Place(error) + "must be text";
  }
  return Fail(Code::kInvalid, path + ": is not a kubeconfig: " + fault);
}

Result<std::string> FindKubeconfig(const std::string& flag) {
  if (!flag.empty()) {
    return flag;
  }
  if (const char* list = std::getenv("KUBECONFIG"); list != nullptr && *list != '\0') {
    std::istringstream paths(list);
    for (std::string path; std::getline(paths, path, ':');) {
      SLIPWAY_TRY(there, path.empty() ? Result<bool>(false) : Exists(path));
      if (there) {
        return path;
      }
    }
    return Fail(Code::kInvalid, std::string("KUBECONFIG=") + list +
                                    ": there is no such file; set it to the file that `slipway "
                                    "server` wrote in its data directory, or unset it");
  }
  const char* data_dir = std::getenv("SLIPWAY_DATA_DIR");
  const std::string fallback =
      std::string(data_dir != nullptr && *data_dir != '\0' ? data_dir : kDefaultDataDir) +
      "/admin.kubeconfig";
  SLIPWAY_TRY(there, Exists(fallback));
  if (there) {
    return fallback;
  }
  return Fail(Code::kInvalid,
              "no kubeconfig: KUBECONFIG is not set, and there is no " + fallback +
                  "; set KUBECONFIG to the file that `slipway server` wrote in its data directory");
}

}  // namespace slipway::kube
