#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reconciler/base/error.hpp"

namespace slipway::objects {

struct SchemaNode;

/// A structural schema of Kubernetes, compiled. Cheap to copy, immutable, thread-safe.
class Schema {
 public:
  /// Compiles a schema of ours. A keyword that is not known, or a pattern that cannot be compiled,
  /// fails an assertion.
  explicit Schema(const nlohmann::json& source);

  /// Removes the fields that the schema does not know and appends their paths, such as
  /// `spec.colour`, until there are 100.
  void Prune(nlohmann::json& tree, std::vector<std::string>& unknown) const;

  /// Removes fields that are null, where the schema does not allow null.
  void DropNulls(nlohmann::json& tree) const;

  /// Adds what is absent and has a default; never adds a parent that has none.
  void Default(nlohmann::json& tree) const;

  /// Everything that is wrong, in document order; empty when the tree fits. At most 100 causes.
  std::vector<Cause> Validate(const nlohmann::json& tree) const;

  /// For this folder: what it was compiled to.
  const SchemaNode& root() const { return *root_; }

 private:
  std::shared_ptr<const SchemaNode> root_;
};

}  // namespace slipway::objects
