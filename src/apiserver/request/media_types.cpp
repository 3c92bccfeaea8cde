#include "src/apiserver/request/media_types.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"

namespace slipway::apiserver {
namespace {

using Parts = std::vector<std::string_view>;

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

Parts SplitAt(std::string_view text, char separator) {
  Parts parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(Trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

void AddParameter(MediaRange& range, std::string_view text) {
  const Parts sides = SplitAt(text, '=');
  if (sides.size() != 2) {
    return;
  }
  if (sides[0] != "q") {
    range.parameters[std::string(sides[0])] = sides[1];
    return;
  }
  double quality = 0;  // what is no number counts as nothing
  std::from_chars(sides[1].data(), sides[1].data() + sides[1].size(), quality);
  range.quality = quality;
}

std::optional<MediaRange> RangeOf(std::string_view clause) {
  const Parts parts = SplitAt(clause, ';');
  const Parts names = parts.empty() ? Parts() : SplitAt(parts[0], '/');
  const bool star = names.size() == 1 && names[0] == "*";
  if (names.size() != 2 && !star) {
    return std::nullopt;
  }
  MediaRange range{.type = std::string(names[0]), .subtype = std::string(names.back())};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    AddParameter(range, parts[i]);
  }
  return range;
}

}  // namespace

bool MediaRange::Covers(std::string_view media_type) const {
  const std::size_t slash = media_type.find('/');
  const bool same_type = type == media_type.substr(0, slash);
  return (type == "*" && subtype == "*") ||
         (same_type && (subtype == "*" || subtype == media_type.substr(slash + 1)));
}

std::vector<MediaRange> ParseAccept(std::string_view header) {
  if (header.empty()) {
    header = "*/*";
  }
  std::vector<MediaRange> ranges;
  for (const std::string_view clause : SplitAt(header, ',')) {
    auto range = RangeOf(clause);
    if (range) {
      ranges.push_back(std::move(*range));
    }
  }
  const auto rank = [](const MediaRange& range) {
    return std::tuple(-range.quality, range.type == "*", range.subtype == "*");
  };
  std::stable_sort(
      ranges.begin(), ranges.end(),
      [&](const MediaRange& left, const MediaRange& right) { return rank(left) < rank(right); });
  return ranges;
}

std::optional<std::string> Negotiate(std::string_view accept,
                                     std::span<const std::string_view> offered) {
  for (const MediaRange& range : ParseAccept(accept)) {
    for (const std::string_view media_type : offered) {
      if (range.Covers(media_type)) {
        return std::string(media_type);
      }
    }
  }
  return std::nullopt;
}

std::optional<http::Response> NotAcceptable(const http::RequestHead& head) {
  constexpr std::array<std::string_view, 1> kJson = {"application/json"};
  if (Negotiate(head.Header("accept"), kJson)) {
    return std::nullopt;
  }
  http::Response response;
  response.status = 406;
  response.body =
      PrintJson({{"kind", "Status"},
                 {"apiVersion", "v1"},
                 {"metadata", nlohmann::json::object()},
                 {"status", "Failure"},
                 {"message", "only the following media types are accepted: application/json"},
                 {"reason", "NotAcceptable"},
                 {"code", 406}});
  return response;
}

}  // namespace slipway::apiserver
