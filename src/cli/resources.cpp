#include "src/cli/session.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::cli {
namespace {

Resource Describe(const objects::KindInfo& kind) {
  const std::string prefix = kind.group.empty() ? "/api/" : "/apis/" + kind.group + "/";
  return {kind.kind, kind.plural, prefix + kind.version, kind.namespaced};
}

}  // namespace

Result<Resource> FindResource(const std::string& word) {
  if (const auto* kind = objects::FindByAnyName(word); kind != nullptr && kind->Offers("list")) {
    return Describe(*kind);
  }
  std::string known;
  for (const auto& kind : objects::AllKinds()) {
    if (!kind.Offers("list")) {
      continue;
    }
    known += (known.empty() ? "" : ", ") + kind.plural;
  }
  return Fail(Code::kNotFound, "there is no kind \"" + word + "\"; there are " + known);
}

Result<Resource> FindResource(const std::string& api_version, const std::string& kind) {
  if (const auto* found = objects::FindByKind(api_version, kind)) {
    return Describe(*found);
  }
  return Fail(Code::kNotFound, "there is no kind \"" + kind + "\" in \"" + api_version +
                                   "\"; Slipway's own kinds are in slipway.dev/v1alpha1");
}

}  // namespace slipway::cli
