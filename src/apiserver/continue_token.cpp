#include "src/apiserver/continue_token.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

constexpr const char* kVersion = "slipway.dev/v1";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kMaxBytes = 2048;

std::string Base64Url(const std::string& bytes) {
  std::string text;
  unsigned pending = 0;
  int bits = 0;
  for (const char byte : bytes) {
    pending = pending << 8 | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6) {
      text += kAlphabet[pending >> (bits - 6) & 63];
    }
  }
  if (bits > 0) {
    text += kAlphabet[pending << (6 - bits) & 63];
  }
  return text;
}

std::optional<std::string> FromBase64Url(const std::string& text) {
  std::string bytes;
  unsigned pending = 0;
  int bits = 0;
  for (const char letter : text) {
    const std::size_t value = kAlphabet.find(letter);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    pending = pending << 6 | static_cast<unsigned>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(pending >> bits & 255);
    }
  }
  return bytes;
}

bool IsToken(const objects::Json& tree) {
  return tree.is_object() && tree.value("v", objects::Json()) == kVersion &&
         tree.value("rv", objects::Json()).is_number_integer() &&
         tree.value("start", objects::Json()).is_string() && tree["rv"] > 0;
}

}  // namespace

std::string ContinueToken::Print() const {
  objects::Json tree = {{"v", kVersion}, {"rv", revision}, {"start", start}};
  if (remaining) {
    tree["remaining"] = *remaining;
  }
  return Base64Url(PrintJson(tree));
}

Result<ContinueToken> ContinueToken::Parse(const std::string& text) {
  const Error invalid = Fail(Code::kBadRequest, "continue key is not valid: start a new list");
  if (text.size() > kMaxBytes) {
    return invalid;
  }
  const auto json = FromBase64Url(text);
  if (!json) {
    return invalid;
  }
  const auto tree = objects::ParseJson(*json);
  if (!tree.has_value() || !IsToken(tree.value())) {
    return invalid;
  }
  ContinueToken token;
  token.revision = tree.value()["rv"].get<store::Revision>();
  token.start = tree.value()["start"].get<std::string>();
  const auto remaining = tree.value().find("remaining");
  if (remaining != tree.value().end() && remaining->is_number_integer()) {
    token.remaining = remaining->get<std::int64_t>();
  }
  return token;
}

}  // namespace slipway::apiserver
