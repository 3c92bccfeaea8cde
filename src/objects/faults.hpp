#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reconciler/base/error.hpp"

namespace slipway::objects {

/// Gathers what is wrong with a document, below one path after the other.
class Faults {
 public:
  explicit Faults(std::vector<Cause>& causes, std::string path = "")
      : causes_(causes), path_(std::move(path)) {}

  /// The same list, one step further down.
  Faults At(const std::string& field) const {
    return Faults(causes_, path_.empty() ? field : path_ + "." + field);
  }
  Faults At(const std::string& list, std::size_t index) const {
    return At(list + "[" + std::to_string(index) + "]");
  }

  void Invalid(const std::string& message) const { Add(message, "FieldValueInvalid"); }
  void Required(const std::string& message) const { Add(message, "FieldValueRequired"); }
  void Duplicate(const std::string& message) const { Add(message, "FieldValueDuplicate"); }
  void TooLong(const std::string& message) const { Add(message, "FieldValueTooLong"); }
  void Forbidden(const std::string& message) const { Add(message, "FieldValueForbidden"); }

 private:
  void Add(const std::string& message, const char* reason) const {
    causes_.push_back(Cause{.field = path_, .message = message, .reason = reason});
  }

  std::vector<Cause>& causes_;
  std::string path_;
};

}  // namespace slipway::objects
