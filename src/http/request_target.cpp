#include "src/http/request_target.hpp"

#include <algorithm>

namespace slipway::http {
namespace {

int HexDigit(char letter) {
  if (letter >= '0' && letter <= '9') {
    return letter - '0';
  }
  const char lower = static_cast<char>(letter | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view RequestHead::Query(std::string_view name) const {
  const auto found = std::find_if(query.begin(), query.end(),
                                  [&](const auto& pair) { return pair.first == name; });
  return found == query.end() ? std::string_view() : found->second;
}

bool RequestHead::HasQuery(std::string_view name) const {
  return std::any_of(query.begin(), query.end(),
                     [&](const auto& pair) { return pair.first == name; });
}

std::string RequestHead::Header(std::string_view name) const {
  std::string joined;
  for (const auto& [key, value] : headers) {
    if (key == name) {
      joined += (joined.empty() ? "" : ", ") + value;
    }
  }
  return joined;
}

Result<std::string> DecodePercent(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[at] != '%') {
      decoded += text[at];
    } else {
      const int high = at + 2 < text.size() ? HexDigit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? HexDigit(text[at + 2]) : -1;
      if (high < 0 || low < 0 || high + low == 0) {
        return Fail(Code::kBadRequest, "the address holds a broken percent sequence");
      }
      decoded += static_cast<char>(high << 4 | low);
      at += 2;
    }
  }
  return decoded;
}

Result<void> ParseTarget(std::string_view target, RequestHead& head) {
  if (target.empty() || target[0] != '/') {
    return Fail(Code::kBadRequest, "the address does not begin with a slash");
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  SLIPWAY_TRY(path, DecodePercent(target.substr(0, question), false));
  head.path = std::move(path);
  std::string_view rest = target.substr(std::min(question + 1, target.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest = rest.substr(std::min(end + 1, rest.size()));
    if (pair.empty()) {
      continue;
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    SLIPWAY_TRY(name, DecodePercent(pair.substr(0, equals), true));
    SLIPWAY_TRY(value, DecodePercent(pair.substr(std::min(equals + 1, pair.size())), true));
    head.query.emplace_back(std::move(name), std::move(value));
  }
  return Ok();
}

}  // namespace slipway::http
