#include "src/cloud/tag_labels.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/digest.hpp"
#include "src/objects/label_syntax.hpp"

namespace slipway::cloud {
namespace {

constexpr std::size_t kMostCharacters = 63;
constexpr std::size_t kDigits = 10;

bool IsAlphanumeric(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0; }

bool IsHexDigit(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
}

std::string HashOf(std::string_view text) { return Sha256Hex(text).substr(0, kDigits); }

/// Ends as a changed text does.
bool LooksChanged(std::string_view text) {
  return text.size() > kDigits + 2 && text.substr(text.size() - kDigits - 2, 2) == "--" &&
         std::ranges::all_of(text.substr(text.size() - kDigits), IsHexDigit);
}

}  // namespace

std::string LabelText(std::string_view text) {
  if (text.empty() || (objects::IsLabelValue(text) && !LooksChanged(text))) {
    return std::string(text);
  }
  std::string legal;
  for (const char letter : text) {
    const bool keep = IsAlphanumeric(letter) || letter == '-' || letter == '_' || letter == '.';
    if (legal.empty() && !IsAlphanumeric(letter)) {
      continue;  // A label begins with a letter or a digit.
    }
    legal += keep ? letter : '_';
    if (legal.size() == kMostCharacters - kDigits - 2) {
      break;
    }
  }
  return (legal.empty() ? "x" : legal) + "--" + HashOf(text);
}

void AddTag(std::string_view key, std::string_view value,
            std::map<std::string, std::string>& labels) {
  if (key.empty()) {
    return;
  }
  const std::string text = LabelText(key);
  std::string name;
  name.reserve(kTagPrefix.size() + text.size());
  name.append(kTagPrefix).append(text);
  // Most providers tell them in order.
  labels.insert_or_assign(labels.end(), std::move(name), LabelText(value));
}

std::map<std::string, std::string> LabelsOfTags(const std::map<std::string, std::string>& tags) {
  std::map<std::string, std::string> labels;
  for (const auto& [key, value] : tags) {
    AddTag(key, value, labels);
  }
  return labels;
}

std::map<std::string, std::string> WithFacts(std::map<std::string, std::string> labels,
                                             const MachineFacts& facts) {
  const auto add = [&](const char* key, std::string_view value) {
    if (!value.empty()) {
      labels[key] = LabelText(value);
    }
  };
  add("topology.kubernetes.io/region", facts.region);
  add("topology.kubernetes.io/zone", facts.zone);
  add("node.kubernetes.io/instance-type", facts.type);
  add("instance.slipway.dev/image", facts.image);
  add("instance.slipway.dev/group", facts.group);
  if (const auto launched = api::ParseTime(facts.launched); launched.has_value()) {
    std::string text = api::FormatTime(std::chrono::floor<std::chrono::seconds>(launched.value()));
    std::erase(text, ':');
    add("instance.slipway.dev/launched", text);
  }
  return labels;
}

}  // namespace slipway::cloud
