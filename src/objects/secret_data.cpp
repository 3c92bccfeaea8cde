#include "src/objects/secret_data.hpp"

#include <nettle/base64.h>

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
