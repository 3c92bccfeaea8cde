#include "src/cloud/text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>

namespace slipway::cloud {
namespace {

constexpr std::size_t kMaxQuotedBytes = 800;

bool IsControlByte(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

bool IsBeyondAscii(char byte) { return static_cast<unsigned char>(byte) >= 0x80; }

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool IsPartOfCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string Escape(std::string_view text, std::string_view kept) {
  static constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string escaped;
  for (const char letter : text) {
    if (kUnreserved.find(letter) != std::string_view::npos ||
        kept.find(letter) != std::string_view::npos) {
      escaped += letter;
    } else {
      escaped += '%';
      escaped += kDigits[static_cast<unsigned char>(letter) >> 4];
      escaped += kDigits[static_cast<unsigned char>(letter) & 15];
    }
  }
  return escaped;
}

std::string FormOf(const std::map<std::string, std::string>& fields) {
  std::string body;
  for (const auto& [name, value] : fields) {
    body += (body.empty() ? "" : "&") + Escape(name) + "=" + Escape(value);
  }
  return body;
}

bool IsText(std::string_view text) {
  return std::ranges::none_of(text, IsControlByte) && IsUtf8(text);
}

std::string Quoted(std::string_view text, const std::vector<std::string>& secrets) {
  std::string quoted(Trimmed(text));
  for (const std::string& secret : secrets) {
    for (std::size_t at = 0;
         !secret.empty() && (at = quoted.find(secret, at)) != std::string::npos;) {
      quoted.replace(at, secret.size(), "[secret]");
      at += std::string_view("[secret]").size();
    }
  }
  if (!IsUtf8(quoted)) {
    std::ranges::replace_if(quoted, IsBeyondAscii, '?');
  }
  if (quoted.size() > kMaxQuotedBytes) {
    std::size_t end = kMaxQuotedBytes;
    while (end > 0 && IsPartOfCharacter(quoted[end])) {
      --end;
    }
    quoted = quoted.substr(0, end) + "…";
  }
  std::ranges::replace_if(quoted, IsControlByte, ' ');
  return quoted;
}

}  // namespace slipway::cloud
