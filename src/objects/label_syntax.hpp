#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::objects {

/// `name` or `prefix/name`: the name at most 63 characters, the prefix a DNS name of at most 253.
bool IsLabelKey(std::string_view text);

/// Empty, or at most 63 letters, digits, -, _ and ., with a letter or a digit at either end.
bool IsLabelValue(std::string_view text);

/// What Kubernetes says of a name that does not fit, in its words; empty where it fits.
std::vector<std::string> DnsNameFaults(std::string_view text);
std::vector<std::string> DnsLabelFaults(std::string_view text);       ///< a DNS name without dots
std::vector<std::string> QualifiedNameFaults(std::string_view text);  ///< what IsLabelKey refuses
std::vector<std::string> LabelValueFaults(std::string_view text);     ///< what IsLabelValue refuses

inline constexpr const char* kLabelKeyHint =
    "must be the name of a label, such as role or example.com/role";

}  // namespace slipway::objects
