#include "src/objects/hints.hpp"

#include <map>
#include <string_view>

namespace slipway::objects {
namespace {

constexpr const char* kCountOrPercentage = "a count or a percentage, such as 3 or 25%";
constexpr const char* kDuration = "a duration, such as 90s, 1m30s or 500ms";

/// By the pattern's own text: a pattern is written the same wherever it means the same.
const std::map<std::string, std::string>& Hints() {
  static const std::map<std::string, std::string> kHints = {
      {R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?$)",
       "a name of lower-case letters, digits and -, such as web-1, that begins and ends with a "
       "letter or a digit"},
      {R"(^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$)",
       "a name of lower-case letters, digits, - and ., such as web-1, that begins and ends with a "
       "letter or a digit"},
      {R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)",
       "a name of lower-case letters, digits, - and ., such as web-1, that begins and ends with a "
       "letter or a digit"},
      {R"(^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$)", kDuration},
      {R"(^(100|[1-9][0-9]?)%$)", kCountOrPercentage},
      {R"(^(100|[1-9]?[0-9])%$)", kCountOrPercentage},
      {R"(^[0-9a-f]{40}$)", "a full git object id, 40 hexadecimal digits in lower case"},
      {R"(^[0-9a-f]{64}$)", "a SHA-256, 64 hexadecimal digits in lower case"},
      {R"(^[^/\x00-\x1f]([^\x00-\x1f]*[^/\x00-\x1f])?$)",
       "a relative path, such as config/local.json, without / at either end"},
      {R"(^[^/\x00-\x1f][^\x00-\x1f]*$)", "a relative path or pattern, such as reports/*.xml"},
      {R"(^/[^\x00-\x1f]*[^/\x00-\x1f]$)",
       "an absolute path, such as /srv/shop, without / at the end"},
      {R"(^/[^\x00-\x20]*$)", "a path that begins with / and holds no space, such as /healthz"},
      {R"(^[^ \x00-\x1f]+( [^ \x00-\x1f]+)*$)",
       "a program and its arguments, with one space between them"},
      {R"(^[a-z_][a-z0-9_-]*$)", "the name of a user, such as shop"},
      {R"(^[A-Za-z_][A-Za-z0-9_]*$)", "the name of an environment variable, such as PORT"},
      {R"(^[A-Za-z0-9:_.@-]+\.service$)", "the name of a systemd service, such as shop.service"},
      {R"(^[A-Za-z][-A-Za-z0-9_./]*$)", "the name of a condition, such as Ready"},
      {R"(^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$)", "a reason in one word, such as GateFailed"},
      {R"(^(https|ssh|file)://[^\x00-\x20]+$)",
       "the URL of a repository, such as https://host/group/shop.git or "
       "ssh://git@host/group/shop.git"},
      {R"(^[A-Za-z0-9_]([-A-Za-z0-9_./+@]*[-A-Za-z0-9_+@])?$)",
       "the name of a branch or tag, such as main"},
      {R"(^[A-Za-z0-9]([-A-Za-z0-9.:]*[A-Za-z0-9])?$)",
       "a host name or an IP address, such as 10.0.0.7"},
      {R"(^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$)",
       "the value of a label: letters, digits, -, _ and ., with a letter or a digit at either end"},
      {R"(^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$)", "the name of a region, such as eu-west-1"},
      {R"(^vpc-[0-9a-f]{1,17}$)", "the id of a VPC, such as vpc-0a1b2c3d"},
      {R"(^[A-Za-z0-9_/-]+$)", "the name of a lifecycle hook, of letters, digits, -, _ and /"},
      {R"(^arn:[a-z-]+:iam::[0-9]{12}:role/[^\x00-\x20]+$)",
       "the ARN of a role, such as arn:aws:iam::123456789012:role/slipway"},
      {R"(^([a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$)",
       "the id of a project, such as shop-prod"},
      {R"(^[a-z]+(-[a-z]+)+[0-9]{1,2}-([a-z]+[0-9]+)?[a-z]$)",
       "the name of a zone, such as europe-west1-b"},
      {R"(^(projects/[a-z0-9.:-]+/global/networks/)?[a-z]([-a-z0-9]*[a-z0-9])?$)",
       "the name of a network, such as default, or projects/net-prod/global/networks/shared"},
      {R"(^[a-z]([-a-z0-9]*[a-z0-9])?$)",
       "a name of lower-case letters, digits and -, such as web, that begins with a letter and "
       "ends "
       "with a letter or a digit"},
      {R"(^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$)",
       "the id of a subscription in lower case, such as 0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
      {R"(^[^/?#%\x00-\x20]*[^/?#%.\x00-\x20]$)",
       "a name without spaces, slashes, ?, # and %, such as shop-prod, that does not end with a "
       "dot"},
      {R"(^[a-z][a-z0-9]*$)", "the name of a location, such as westeurope"},
      {R"(^(https://[^]/?#@[\x00-\x20]+|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?)/?$)",
       "a URL without a path, such as https://vpce-1.ec2.eu-west-1.vpce.amazonaws.com, or one of "
       "this "
       "machine, such as http://localhost:5000"},
      {R"(^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$)",
       "the name of a finalizer, such as slipway.dev/servers"},
  };
  return kHints;
}

}  // namespace

bool HasHint(const std::string& pattern) { return Hints().contains(pattern); }

std::string WithHint(const std::string& message) {
  constexpr std::string_view kBefore = "should match '";
  const std::size_t found = message.find(kBefore);
  if (found == std::string::npos || !message.ends_with('\'')) {
    return message;
  }
  const std::size_t start = found + kBefore.size();
  const auto hint = Hints().find(message.substr(start, message.size() - 1 - start));
  return hint == Hints().end() ? message : message + " (" + hint->second + ")";
}

}  // namespace slipway::objects
