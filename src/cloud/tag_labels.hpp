#pragma once

#include <map>
#include <string>
#include <string_view>

namespace slipway::cloud {

inline constexpr std::string_view kTagPrefix = "tag.slipway.dev/";

/// A provider's text as the name or the value of a label. One that is legal stays as it is; of any other the characters that a label
/// may not hold become _, what is too long is cut, and ten hexadecimal digits of the SHA-256 of the whole are put behind two dashes. So
/// two texts never become one, also where a text looks like a changed one: that is changed, too. Empty stays empty.
std::string LabelText(std::string_view text);

/// A tag as a label: tag.slipway.dev/KEY=VALUE, each by LabelText. A tag without a key is left out. Of two with the same key the
/// last stays.
void AddTag(std::string_view key, std::string_view value,
            std::map<std::string, std::string>& labels);

/// All of them, as AddTag does it.
std::map<std::string, std::string> LabelsOfTags(const std::map<std::string, std::string>& tags);

/// What providers tell of their machines, in their words; empty: it is not told.
struct MachineFacts {
  std::string region;
  std::string zone;
  std::string type;
  std::string image;
  std::string group;     ///< the scaling group that it is in
  std::string launched;  ///< RFC 3339
};

/// The labels with those under well-known names, such as topology.kubernetes.io/zone. A time loses its fractions and, because a label
/// may not hold them, its colons; one that is no time is left out.
std::map<std::string, std::string> WithFacts(std::map<std::string, std::string> labels,
                                             const MachineFacts& facts);

}  // namespace slipway::cloud
