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

/// Puts LabelText() behind `out`.
void AppendLabelText(std::string_view text, std::string& out) {
  if (text.empty() || (objects::IsLabelValue(text) && !LooksChanged(text))) {
    out += text;
    return;
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
  out.append(legal.empty() ? "x" : legal).append("--").append(HashOf(text));
}

}  // namespace

std::string LabelText(std::string_view text) {
  std::string label;
  AppendLabelText(text, label);
  return label;
}

void MachineLabels::Add(std::string_view prefix, std::string_view key, std::string_view value) {
  const std::size_t begin = text_.size();
  text_ += prefix;
  AppendLabelText(key, text_);
  const std::size_t middle = text_.size();
  AppendLabelText(value, text_);
  places_.push_back({.begin = begin, .value = middle, .end = text_.size()});
}

void MachineLabels::AddTag(std::string_view key, std::string_view value) {
  if (!key.empty()) {
    Add("tag.slipway.dev/", key, value);
  }
}

void MachineLabels::AddFacts(const MachineFacts& facts) {
  const auto add = [&](std::string_view prefix, std::string_view key, std::string_view value) {
    if (!value.empty()) {
      Add(prefix, key, value);
    }
  };
  add("topology.kubernetes.io/", "region", facts.region);
  add("topology.kubernetes.io/", "zone", facts.zone);
  add("node.kubernetes.io/", "instance-type", facts.type);
  add("instance.slipway.dev/", "image", facts.image);
  add("instance.slipway.dev/", "group", facts.group);
  add("instance.slipway.dev/", "name", facts.name);
  if (const auto launched = api::ParseTime(facts.launched); launched.has_value()) {
    std::string text = api::FormatTime(std::chrono::floor<std::chrono::seconds>(launched.value()));
    std::erase(text, ':');
    add("instance.slipway.dev/", "launched", text);
  }
}

api::LabelSet MachineLabels::Take() {
  const std::string_view text = text_;
  labels_.clear();
  for (const Place& place : places_) {
    labels_.emplace_back(text.substr(place.begin, place.value - place.begin),
                         text.substr(place.value, place.end - place.value));
  }
  api::LabelSet labels{std::span(labels_)};
  text_.clear();
  places_.clear();
  return labels;
}

}  // namespace slipway::cloud
