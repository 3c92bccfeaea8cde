#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/apiserver/registry/registry.hpp"

namespace slipway::apiserver {

/// Everything that is wrong with the options of one request, in kube-apiserver's words.
class OptionFaults {
 public:
  /// `options`: their kind in meta.k8s.io, such as "ListOptions".
  explicit OptionFaults(std::string options) : options_(std::move(options)) {}

  void Forbid(const std::string& field, const std::string& why);

  /// `value` as it is to be read, quotes included; below likewise.
  void Invalid(const std::string& field, const std::string& value, const std::string& why);
  void NotSupported(const std::string& field, const std::string& value,
                    std::initializer_list<std::string_view> supported);

  /// kInvalid where there was any.
  Result<void> Verdict() const;

 private:
  std::string options_;
  std::vector<Cause> causes_;
};

/// What `options` are called in an answer that says what is wrong with them, for Failure().
const ObjectPath& OptionsPath(std::string_view options);

/// In double quotes, which are escaped inside.
std::string QuotedText(std::string_view text);

}  // namespace slipway::apiserver
