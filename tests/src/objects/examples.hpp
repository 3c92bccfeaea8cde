#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "src/objects/json_text.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/yaml.hpp"

// Documents that several tests start from.
namespace slipway::objects {

inline const KindInfo& KindNamed(const char* name) {
  const KindInfo* kind = FindByAnyName(name);
  EXPECT_NE(kind, nullptr) << name;
  return *kind;
}

/// The one document of a YAML text.
inline Json FromYaml(const std::string& text) {
  auto documents = ParseYaml(text);
  EXPECT_TRUE(documents.has_value()) << documents.error().message;
  EXPECT_EQ(documents.value().size(), 1U);
  return documents.value().at(0);
}

/// The smallest legal Application.
inline Json SmallApplication() {
  return FromYaml(R"(
apiVersion: slipway.dev/v1alpha1
kind: Application
metadata: {name: shop, namespace: default}
spec:
  source: {repository: shop}
  servers: {fleets: [web]}
  release: {processes: [{name: web, run: node server.js}]}
)");
}

/// Every cause on a line of its own, `field: message`.
inline std::string Lines(const std::vector<Cause>& causes) {
  std::string text;
  for (const Cause& cause : causes) {
    text += cause.field + ": " + cause.message + "\n";
  }
  return text;
}

}  // namespace slipway::objects
