#pragma once

#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/objects/selectors.hpp"

namespace slipway::apiserver {

/// The selectors of one list or watch, parsed. Immutable, thread-safe.
class Selection {
 public:
  /// kBadRequest: a selector cannot be understood, or asks for a field that the kind does not offer.
  static Result<Selection> Parse(const objects::KindInfo& kind, const Selectors& selectors);

  bool empty() const { return labels_.empty() && fields_.empty(); }

  /// The only name that can match; empty where there are more.
  std::string_view RequiredName() const { return fields_.RequiredName(); }

  /// `key` and `value` as they are stored. Parses the value only where it must; one that cannot be
  /// parsed does not match.
  bool Matches(std::string_view key, const store::Value& value) const;

 private:
  objects::LabelSelector labels_;
  objects::FieldSelector fields_;
};

}  // namespace slipway::apiserver
