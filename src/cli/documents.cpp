#include "src/cli/documents.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

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
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto ending = entry.path().extension();
    if (entry.is_regular_file() && (ending == ".yaml" || ending == ".yml" || ending == ".json")) {
      files.push_back(entry.path().string());
    }
  }
  if (error) {
    return Fail(Code::kNotFound, folder + ": cannot be read: " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
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
    if (fs::is_directory(path)) {
      SLIPWAY_TRY(inside, FilesOf(path));
      files = std::move(inside);
    }
    for (const std::string& file : files) {
      std::ifstream stream(file, std::ios::binary);
      if (!stream) {
        return Fail(Code::kNotFound, file + ": cannot be read; is the path right?");
      }
      SLIPWAY_TRYV(Parse(file, ReadBounded(stream), documents));
    }
  }
  return documents;
}

}  // namespace slipway::cli
