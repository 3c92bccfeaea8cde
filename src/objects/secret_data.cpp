#include "src/objects/secret_data.hpp"

#include <nettle/base64.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "reconciler/base/json.hpp"

namespace slipway::objects {
namespace {

std::optional<std::string> FromBase64(const std::string& encoded) {
  base64_decode_ctx context;
  base64_decode_init(&context);
  std::string text(BASE64_DECODE_LENGTH(encoded.size()), '\0');
  std::size_t size = text.size();
  if (base64_decode_update(&context, &size, reinterpret_cast<std::uint8_t*>(text.data()),
                           encoded.size(), encoded.data()) == 0 ||
      base64_decode_final(&context) == 0) {
    return std::nullopt;
  }
  text.resize(size);
  return text;
}

}  // namespace

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t start = 0; start < bytes.size(); start += 3) {
    const std::string_view group = bytes.substr(start, 3);
    std::uint32_t bits = 0;
    for (std::size_t index = 0; index < 3; ++index) {
      bits = bits << 8U | (index < group.size() ? static_cast<unsigned char>(group[index]) : 0U);
    }
    for (std::size_t index = 0; index < 4; ++index) {
      text += index <= group.size() ? kDigits[bits >> (18U - 6U * index) & 63U] : '=';
    }
  }
  return text;
}

std::map<std::string, std::string> SecretDataOf(const std::string& secret) {
  std::map<std::string, std::string> data;
  const nlohmann::json object = ReadJson(secret);
  if (!object.is_object()) {
    return data;
  }
  const nlohmann::json fields = object.value("data", nlohmann::json::object());
  for (const auto& [key, value] : fields.items()) {
    auto text = value.is_string() ? FromBase64(value.get<std::string>()) : std::nullopt;
    if (text) {
      data[key] = std::move(*text);
    }
  }
  return data;
}

}  // namespace slipway::objects
