#include "src/cli/documents.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reconciler/base/json.hpp"
#include "src/objects/yaml.hpp"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxInputBytes = std::size_t{3} << 20;

/// Everything up to the limit, and one byte more where there is more.
std::string ReadBounded(std::istream& in) {
  std::string text(kMaxInputBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

Result<void> Parse(const std::string& where, const std::string& text,
                   std::vector<Document>& documents) {
  const auto trees = objects::ParseYaml(text);
  if (!trees.has_value()) {
    Error error = trees.error();
    error.message = where + ": " + error.message;
    return error;
  }
  for (std::size_t i = 0; i < trees.value().size(); ++i) {
    const json& tree = trees.value()[i];
    std::string place = where;
    if (trees.value().size() > 1) {
      place += ", document " + std::to_string(i + 1);
    }
    if (tree.is_object() && tree.value("kind", json()) == "List" && tree.contains("items") &&
        tree["items"].is_array()) {
      for (const json& item : tree["items"]) {
        documents.push_back({place, item.dump()});
      }
    } else {
      documents.push_back({place, tree.dump()});
    }
  }
  return Ok();
}

/// The manifests of a folder, ordered by name.
Result<std::vector<std::string>> FilesOf(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto& entry = *at;
    const auto ending = entry.path().extension();
    std::error_code unknown;
    if (entry.is_regular_file(unknown) &&
        (ending == ".yaml" || ending == ".yml" || ending == ".json")) {
      files.push_back(entry.path().string());
    }
  }
  if (error) {
    return Fail(Code::kInvalid, folder + ": cannot be read: " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The text at `field`, such as metadata.name; "" where there is nothing.
Result<std::string> TextAt(const json& object, const std::string& field) {
  const json* value = &object;
  std::string key;
  for (std::istringstream keys(field); std::getline(keys, key, '.');) {
    const auto found = value->is_object() ? value->find(key) : value->end();
    if (!value->is_object() || found == value->end() || found->is_null()) {
      return std::string();
    }
    value = &*found;
  }
  if (!value->is_string()) {
    return Fail(Code::kInvalid, field + ": must be text; put it in quotes");
  }
  return value->get<std::string>();
}

}  // namespace

Result<std::vector<Document>> ReadDocuments(const std::vector<std::string>& paths,
                                            std::istream& in) {
  std::vector<Document> documents;
  for (const std::string& path : paths) {
    if (path == "-") {
      SLIPWAY_TRYV(Parse("standard input", ReadBounded(in), documents));
      continue;
    }
    std::vector<std::string> files{path};
    std::error_code unknown;  // then it is not readable as a file either, which says why
    if (fs::is_directory(path, unknown)) {
      SLIPWAY_TRY(inside, FilesOf(path));
      files = std::move(inside);
    }
    for (const std::string& file : files) {
      std::ifstream stream(file, std::ios::binary);
      if (!stream) {
        return Fail(Code::kInvalid,
                    file + ": cannot be read; is the path right, and may you read it?");
      }
      SLIPWAY_TRYV(Parse(file, ReadBounded(stream), documents));
    }
  }
  return documents;
}

Result<Named> NameOf(const Document& document, const std::string& default_namespace) {
  Named named;
  const json object = ReadJson(document.json);
  if (!object.is_object()) {
    return Fail(Code::kInvalid, "must be an object with apiVersion, kind and metadata.name");
  }
  SLIPWAY_TRY(api_version, TextAt(object, "apiVersion"));
  SLIPWAY_TRY(kind, TextAt(object, "kind"));
  if (api_version.empty() || kind.empty()) {
    return Fail(Code::kInvalid, std::string(kind.empty() ? "kind" : "apiVersion") +
                                    ": is missing; give it, as in "
                                    "`apiVersion: slipway.dev/v1alpha1` and `kind: Application`");
  }
  SLIPWAY_TRY(resource, FindResource(api_version, kind));
  SLIPWAY_TRY(name, TextAt(object, "metadata.name"));
  if (name.empty()) {
    return Fail(Code::kInvalid, "metadata.name: is missing; give the object a name");
  }
  SLIPWAY_TRY(ns, TextAt(object, "metadata.namespace"));
  return Named{resource, name, ns.empty() ? default_namespace : ns};
}

}  // namespace slipway::cli
