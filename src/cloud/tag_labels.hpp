#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reconciler/api/label_set.hpp"

namespace slipway::cloud {

/// A provider's text as the name or the value of a label. One that is legal stays as it is; of any other the characters that a label
/// may not hold become _, what is too long is cut, and ten hexadecimal digits of the SHA-256 of the whole are put behind two dashes. So
/// two texts never become one, also where a text looks like a changed one: that is changed, too. Empty stays empty.
std::string LabelText(std::string_view text);

/// What providers tell of their machines, in their words; empty: it is not told. Borrowed.
struct MachineFacts {
  std::string_view region;
  std::string_view zone;
  std::string_view type;
  std::string_view image;
  std::string_view group;     ///< the scaling group that it is in
  std::string_view launched;  ///< RFC 3339
  std::string_view name;      ///< where that of the Server is another
};

/// Makes labels of what a provider tells, of one machine after the other: its memory is used again. One thread at a time.
class MachineLabels {
 public:
  /// tag.slipway.dev/KEY=VALUE, each by LabelText. A tag without a key is left out. Of two with the same key the last stays.
  void AddTag(std::string_view key, std::string_view value);

  /// Labels under well-known names, such as topology.kubernetes.io/zone. A time loses its fractions and, because a label may not hold
  /// them, its colons; one that is no time is left out.
  void AddFacts(const MachineFacts& facts);

  /// All that were added since the last machine.
  api::LabelSet Take();

 private:
  void Add(std::string_view prefix, std::string_view key, std::string_view value);

  struct Place {
    std::size_t begin;  ///< of the key; the value follows
    std::size_t value;
    std::size_t end;
  };
  std::string text_;  ///< keys and values one behind the other
  std::vector<Place> places_;
  std::vector<api::LabelSet::Label> labels_;
};

}  // namespace slipway::cloud
