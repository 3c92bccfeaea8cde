#include "src/apiserver/registry/continue_token.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/objects/go_json_syntax.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

constexpr const char* kVersion = "meta.k8s.io/v1";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kMaxBytes = 2048;
/// Stands for kLatest, because 0 would be a token that was cut short.
constexpr store::Revision kNowInText = -1;

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

Error InvalidKey(const std::string& why) {
  return Fail(Code::kBadRequest, "invalid continue token: continue key is not valid" +
                                     (why.empty() ? why : ": " + why));
}

/// A field of the token as a number; nullopt where it is none.
std::optional<std::int64_t> NumberIn(const objects::Json& tree, const char* field) {
  const auto found = tree.find(field);
  if (found == tree.end() || !found->is_number_integer() ||
      (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX)) {
    return std::nullopt;
  }
  return found->get<std::int64_t>();
}

/// The token decodes as Kubernetes' own does.
Result<void> CheckTypes(const objects::Json& tree) {
  const std::string cannot = "json: cannot unmarshal ";
  const auto name = [](const objects::Json& value) {
    return std::string(value.is_boolean() ? "bool" : value.type_name());
  };
  if (!tree.is_object() && !tree.is_null()) {
    return InvalidKey(cannot + name(tree) + " into Go value of type storage.continueToken");
  }
  for (const auto& [field, type] :
       {std::pair{"rv", "int64"}, std::pair{"start", "string"}, std::pair{"v", "string"}}) {
    const objects::Json value = tree.is_null() ? tree : tree.value(field, objects::Json());
    const bool number = value.is_number() && type == std::string_view("int64");
    if (value.is_null() || (number && NumberIn(tree, field)) ||
        (value.is_string() && type == std::string_view("string"))) {
      continue;
    }
    return InvalidKey(cannot + (number ? "number " + PrintJson(value) : name(value)) +
                      " into Go struct field continueToken." + field + " of type " + type);
  }
  return Ok();
}

/// Whether a key leads nowhere but down.
bool IsClean(std::string_view key) {
  key.remove_prefix(key.starts_with('/') ? 1 : 0);
  while (true) {
    const std::size_t slash = key.find('/');
    const std::string_view step = key.substr(0, slash);
    if (step.empty() || step == "." || step == "..") {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    key.remove_prefix(slash + 1);
  }
}

std::string TextIn(const objects::Json& tree, const char* field) {
  const objects::Json found = tree.is_object() ? tree.value(field, objects::Json()) : tree;
  return found.is_string() ? found.get<std::string>() : "";
}

}  // namespace

std::string ContinueToken::Print() const {
  objects::Json tree = {{"v", kVersion},
                        {"rv", revision == store::kLatest ? kNowInText : revision},
                        {"start", start}};
  if (remaining) {
    tree["remaining"] = *remaining;
  }
  return Base64Url(PrintJson(tree));
}

Result<ContinueToken> ContinueToken::Parse(const std::string& text) {
  const std::size_t wrong = text.find_first_not_of(kAlphabet);
  if (wrong != std::string::npos || text.size() % 4 == 1) {
    return InvalidKey("illegal base64 data at input byte " +
                      std::to_string(std::min(wrong, text.size() - 1)));
  }
  const auto json = text.size() > kMaxBytes ? std::nullopt : FromBase64Url(text);
  const auto tree = json ? objects::ParseJson(*json) : Result<objects::Json>(InvalidKey(""));
  if (!tree.has_value()) {
    return InvalidKey(json ? objects::JsonSyntaxFault(*json) : "");
  }
  SLIPWAY_TRYV(CheckTypes(tree.value()));
  const std::string version = TextIn(tree.value(), "v");
  if (version != kVersion) {
    return InvalidKey("server does not recognize this encoded version " + version);
  }
  const std::int64_t revision = NumberIn(tree.value(), "rv").value_or(0);
  if (revision == 0) {
    return InvalidKey("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  ContinueToken token;
  token.revision = revision < 0 ? store::kLatest : revision;
  token.start = TextIn(tree.value(), "start");
  if (token.start.empty()) {
    return InvalidKey("encoded start key empty (version meta.k8s.io/v1)");
  }
  if (!IsClean(token.start)) {
    return InvalidKey(token.start);
  }
  token.start.erase(0, token.start.starts_with('/') ? 1 : 0);
  token.remaining = NumberIn(tree.value(), "remaining");
  return token;
}

}  // namespace slipway::apiserver
