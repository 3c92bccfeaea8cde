#include "src/objects/label_syntax.hpp"

#include <algorithm>

namespace slipway::objects {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxDnsName = 253;
constexpr const char* kDnsName =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* kDnsLabel =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kQualifiedName =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr const char* kLabelValue =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

bool IsLowerOrDigit(char character) {
  return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

bool IsAlphanumeric(char character) {
  return IsLowerOrDigit(character) || (character >= 'A' && character <= 'Z');
}

/// The next three leave the length aside.
bool IsName(std::string_view text) {
  return !text.empty() && IsAlphanumeric(text.front()) && IsAlphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char character) {
           return IsAlphanumeric(character) || character == '-' || character == '_' ||
                  character == '.';
         });
}

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && IsLowerOrDigit(text.front()) && IsLowerOrDigit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char character) { return IsLowerOrDigit(character) || character == '-'; });
}

bool IsDnsName(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

std::string AtMost(std::size_t length) {
  return "must be no more than " + std::to_string(length) + " characters";
}

}  // namespace

bool IsLabelKey(std::string_view text) { return QualifiedNameFaults(text).empty(); }

bool IsLabelValue(std::string_view text) { return LabelValueFaults(text).empty(); }

std::vector<std::string> DnsNameFaults(std::string_view text) {
  std::vector<std::string> faults;
  if (text.size() > kMaxDnsName) {
    faults.push_back(AtMost(kMaxDnsName));
  }
  if (!IsDnsName(text)) {
    faults.emplace_back(kDnsName);
  }
  return faults;
}

std::vector<std::string> DnsLabelFaults(std::string_view text) {
  std::vector<std::string> faults;
  if (text.size() > kMaxLabel) {
    faults.push_back(AtMost(kMaxLabel));
  }
  if (!IsDnsLabel(text)) {
    faults.emplace_back(IsDnsName(text) ? "must not contain dots" : kDnsLabel);
  }
  return faults;
}

std::vector<std::string> QualifiedNameFaults(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != text.rfind('/')) {
    return {std::string("a qualified name ") + kQualifiedName +
            " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
  }
  std::vector<std::string> faults;
  std::string_view name = text;
  if (slash != std::string_view::npos) {
    name = text.substr(slash + 1);
    if (slash == 0) {
      faults.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& fault : DnsNameFaults(text.substr(0, slash))) {
        faults.push_back("prefix part " + fault);
      }
    }
  }
  if (name.empty()) {
    faults.emplace_back("name part must be non-empty");
  } else if (name.size() > kMaxLabel) {
    faults.push_back("name part " + AtMost(kMaxLabel));
  }
  if (!IsName(name)) {
    faults.push_back(std::string("name part ") + kQualifiedName);
  }
  return faults;
}

std::vector<std::string> LabelValueFaults(std::string_view text) {
  std::vector<std::string> faults;
  if (text.size() > kMaxLabel) {
    faults.push_back(AtMost(kMaxLabel));
  }
  if (!text.empty() && !IsName(text)) {
    faults.emplace_back(kLabelValue);
  }
  return faults;
}

}  // namespace slipway::objects
