#include "src/cloud/openstack/refusal.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"

namespace slipway::cloud::openstack {
namespace {

using nlohmann::json;

/// What one of the services says.
struct Words {
  std::string name;
  std::string message;
};

Words ReadWords(const std::string& body) {
  const json root = ReadJson(body);
  if (!root.is_object() || root.size() != 1) {
    return {};
  }
  const json& said = root.begin().value();
  Words words{.name = root.begin().key(), .message = TextAt(said, "message")};
  const std::string title = TextAt(said, "title");
  if (words.name == "error") {
    words.name = title;
  }
  return At(said, "code").is_number_integer() && !words.name.empty() ? words : Words{};
}

Blame BlameOf(int status, const Words& words) {
  if (status == 429 || (status == 413 && words.name == "overLimit")) {
    return Blame::kThrottled;
  }
  if (status >= 500 || status == 408) {
    return Blame::kService;
  }
  if (words.name.empty()) {
    return Blame::kRequest;
  }
  switch (status) {
    case 401:
      return Blame::kCredentials;
    case 403:
      return Blame::kDenied;
    case 404:
      return Blame::kAbsent;
    default:
      return Blame::kRequest;
  }
}

/// Only where Nova says that it is this rule that a role is lacking for.
std::string AdviceOn(const Words& words) {
  constexpr std::string_view kRule = "os_compute_api:servers:";
  const bool lacks =
      words.message.find("Policy doesn't allow " + std::string(kRule)) != std::string::npos;
  return lacks ? "Give them a role in the project that may list servers, such as reader" : "";
}

std::string RequestId(const rest::Response& response) {
  for (const char* name : {"x-openstack-request-id", "x-compute-request-id"}) {
    if (const auto found = response.headers.find(name); found != response.headers.end()) {
      return found->second;
    }
  }
  return "";
}

}  // namespace

Refusal RefusalOf(const rest::Response& response) {
  const Words words = ReadWords(response.body);
  Refusal refusal{.blame = BlameOf(response.status, words),
                  .words = words.name.empty() ? "" : words.name + ": " + words.message,
                  .request_id = RequestId(response),
                  .advice = AdviceOn(words)};
  // Nova keeps for minutes what Keystone said of a token: a role that was given since counts with another one.
  refusal.may_be_old = !refusal.advice.empty();
  if (response.status == 406 && !words.name.empty()) {
    refusal.words += " Slipway needs a Nova of the release Stein or later";
  }
  return refusal;
}

}  // namespace slipway::cloud::openstack
