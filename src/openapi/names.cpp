#include "src/openapi/names.hpp"

#include <algorithm>
#include <cctype>

namespace slipway::openapi {
namespace {

constexpr std::string_view kKubernetes = ".k8s.io";

std::vector<std::string> Labels(std::string_view group) {
  std::vector<std::string> labels;
  while (!group.empty()) {
    const std::size_t end = std::min(group.find('.'), group.size());
    labels.emplace_back(group.substr(0, end));
    group.remove_prefix(std::min(end + 1, group.size()));
  }
  return labels;
}

/// "slipwayDev", "core": the group in one word.
std::string Word(const objects::KindInfo& info) {
  if (info.group.empty()) {
    return "core";
  }
  std::string_view group = info.group;
  if (group.ends_with(kKubernetes)) {
    group.remove_suffix(kKubernetes.size());
  }
  std::string word;
  for (const std::string& label : Labels(group)) {
    word += word.empty() ? label : Capitalised(label);
  }
  return word;
}

std::string Package(const objects::KindInfo& info) {
  if (info.group == "apiextensions.k8s.io") {
    return "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions";
  }
  if (IsBuiltIn(info)) {
    return "io.k8s.api." + (info.group.empty() ? "core" : Labels(info.group).front());
  }
  std::string package;
  for (const std::string& label : Labels(info.group)) {
    package.insert(0, label + (package.empty() ? "" : "."));
  }
  return package;
}

}  // namespace

std::string DefinitionName(const objects::KindInfo& info, std::string_view kind) {
  return Package(info) + "." + info.version + "." + std::string(kind);
}

std::string MetaName(std::string_view type) {
  return "io.k8s.apimachinery.pkg.apis.meta.v1." + std::string(type);
}

std::string OperationGroup(const objects::KindInfo& info) {
  return Capitalised(Word(info)) + Capitalised(info.version);
}

std::string TagOf(const objects::KindInfo& info) { return Word(info) + "_" + info.version; }

std::vector<std::string> OfferedVerbs(const objects::KindInfo& info) { return info.verbs; }

bool IsBuiltIn(const objects::KindInfo& info) {
  return info.group.empty() || info.group.ends_with(kKubernetes);
}

std::string Capitalised(std::string_view word) {
  std::string text(word);
  if (!text.empty()) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace slipway::openapi
