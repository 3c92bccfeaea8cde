#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::objects {

/// What `labelSelector` and `kubectl -l` say: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`. All
/// must hold; none means all.
class LabelSelector {
 public:
  /// Code::kBadRequest with the place where it cannot be understood.
  static Result<LabelSelector> Parse(std::string_view text);

  bool empty() const { return requirements_.empty(); }

  /// `object`: a whole object; its metadata.labels are looked at.
  bool Matches(const nlohmann::json& object) const;

  enum class Operator : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist, kGreater, kLess };
  struct Requirement {
    std::string key;
    Operator op;
    std::vector<std::string> values;
  };

 private:
  std::vector<Requirement> requirements_;
};

/// What `fieldSelector` says: `metadata.name=x,status.phase!=Ended`. A field that is absent
/// compares as "".
class FieldSelector {
 public:
  /// Code::kBadRequest where it cannot be understood, or asks for a field that `kind` does not
  /// offer.
  static Result<FieldSelector> Parse(const KindInfo& kind, std::string_view text);

  bool empty() const { return terms_.empty(); }
  bool Matches(const nlohmann::json& object) const;

  /// The name that `metadata.name=…` demands; empty where it does not. Lets a list become a
  /// look-up.
  std::string_view RequiredName() const;

 private:
  struct Term {
    std::string path;
    std::string value;
    bool equal;
  };
  std::vector<Term> terms_;
};

}  // namespace slipway::objects
