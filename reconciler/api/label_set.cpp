#include "reconciler/api/label_set.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace slipway::api {
namespace {

struct Sizes {
  std::uint32_t key;
  std::uint32_t value;
};

Sizes SizesAt(std::string_view text) {
  Sizes sizes{};
  std::memcpy(&sizes, text.data(), sizeof sizes);
  return sizes;
}

std::size_t BytesOf(const LabelSet::Label& label) {
  return sizeof(Sizes) + label.first.size() + label.second.size();
}

}  // namespace

LabelSet::Label LabelSet::Iterator::operator*() const {
  const Sizes sizes = SizesAt(rest_);
  const std::string_view texts = rest_.substr(sizeof sizes);
  return {texts.substr(0, sizes.key), texts.substr(sizes.key, sizes.value)};
}

LabelSet::Iterator& LabelSet::Iterator::operator++() {
  rest_.remove_prefix(BytesOf(**this));
  return *this;
}

LabelSet::Iterator LabelSet::Iterator::operator++(int) {
  const Iterator before = *this;
  ++*this;
  return before;
}

LabelSet::LabelSet(std::span<Label> labels) {
  std::ranges::stable_sort(labels, {}, &Label::first);
  std::size_t bytes = 0;
  for (const Label& label : labels) {
    bytes += BytesOf(label);
  }
  text_.reserve(bytes);
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    if (const auto next = std::next(label); next != labels.end() && next->first == label->first) {
      continue;
    }
    const Sizes sizes{.key = static_cast<std::uint32_t>(label->first.size()),
                      .value = static_cast<std::uint32_t>(label->second.size())};
    char packed[sizeof sizes];
    std::memcpy(packed, &sizes, sizeof sizes);
    text_.append(packed, sizeof packed).append(label->first).append(label->second);
  }
}

LabelSet::LabelSet(std::initializer_list<Label> labels) {
  std::vector<Label> in_order(labels);
  *this = LabelSet(std::span(in_order));
}

LabelSet::LabelSet(const std::map<std::string, std::string>& labels) {
  std::vector<Label> in_order(labels.begin(), labels.end());
  *this = LabelSet(std::span(in_order));
}

std::map<std::string, std::string> LabelSet::ToMap() const {
  std::map<std::string, std::string> labels;
  for (const auto [key, value] : *this) {
    labels.emplace_hint(labels.end(), key, value);
  }
  return labels;
}

}  // namespace slipway::api
