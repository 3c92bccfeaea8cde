#pragma once

#include <initializer_list>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace slipway::api {

/// Labels in one piece of memory, ordered by key, no key twice; they do not change. A list of servers has a dozen for each of 10,000
/// machines, and as nodes of a map each of them would take 150 bytes and two allocations.
class LabelSet {
 public:
  /// Key and value. What iterators give lives as long as the set.
  using Label = std::pair<std::string_view, std::string_view>;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Label;
    using pointer = const Label*;
    using reference = Label;

    Iterator() = default;
    Label operator*() const;
    Iterator& operator++();
    Iterator operator++(int);
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

   private:
    friend class LabelSet;
    explicit Iterator(std::string_view rest) : rest_(rest) {}

    std::string_view rest_;  ///< of the set's text, from this label on
  };
  using const_iterator = Iterator;
  using value_type = Label;

  LabelSet() = default;
  /// Puts `labels` in order. Of two with the same key the last stays.
  explicit LabelSet(std::span<Label> labels);
  LabelSet(std::initializer_list<Label> labels);
  explicit LabelSet(const std::map<std::string, std::string>& labels);

  Iterator begin() const { return Iterator(text_); }
  Iterator end() const { return {}; }
  bool empty() const { return text_.empty(); }

  std::map<std::string, std::string> ToMap() const;

  bool operator==(const LabelSet&) const = default;

 private:
  std::string text_;  ///< of each label the sizes of its key and of its value, then both
};

}  // namespace slipway::api
