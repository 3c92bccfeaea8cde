#include "src/cloud/azure/credentials/token_answer.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "reconciler/base/json.hpp"
#include "src/cloud/azure/refusal.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::azure {
namespace {

using nlohmann::json;

constexpr std::int64_t kLongestSeconds = 2 * 86'400;

/// Entra ID gives numbers, and the metadata service texts.
std::optional<std::int64_t> NumberAt(const json& tree, const char* name) {
  const json& found = At(tree, name);
  if (found.is_number_integer()) {
    return found.get<std::int64_t>();
  }
  const std::string text = TextAt(tree, name);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                   : std::nullopt;
}

}  // namespace

Result<AccessToken> ReadToken(const std::string& body, Time now) {
  const json tree = ReadJson(body);
  AccessToken token;
  token.text = TextAt(tree, "access_token");
  if (token.text.empty() || !IsHeaderText(token.text)) {
    return Fail(Code::kInvalid, "the answer holds no access token");
  }
  token.headers["authorization"] = "Bearer " + token.text;
  const std::int64_t epoch =
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::int64_t until = std::max(NumberAt(tree, "expires_on").value_or(0), epoch);
  const auto seconds = NumberAt(tree, "expires_in").value_or(until - epoch);
  if (seconds <= 0 || seconds > kLongestSeconds) {
    return Fail(Code::kInvalid, "the answer does not say when the access token ends");
  }
  token.expires = now + std::chrono::seconds(seconds);
  return token;
}

Error ReadTokenRefusal(const rest::Response& response, const std::string& secret) {
  const AzureError error = ReadError(response.body);
  const std::string said =
      "it is answered " + (error.says() ? Quoted(error.words(), {secret})
                                        : "HTTP status " + std::to_string(response.status) +
                                              ", and not as Microsoft does");
  switch (BlameOf(response.status, error)) {
    case Blame::kThrottled:
      return Fail(Code::kTooManyRequests, said);
    case Blame::kService:
      return Fail(Code::kUnavailable, said);
    case Blame::kRequest:
    case Blame::kAbsent:
    case Blame::kPlaceAbsent:
    case Blame::kDenied:
    case Blame::kCredentials:
      break;
  }
  return Fail(error.says() ? Code::kUnauthorized : Code::kInvalid, said);
}

}  // namespace slipway::cloud::azure
