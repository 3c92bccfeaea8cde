#include "src/cli/arguments.hpp"

#include <map>
#include <string>

#include "reconciler/api/scalars.hpp"
#include "src/cli/session.hpp"
#include "src/objects/selectors.hpp"

namespace slipway::cli {
namespace {

constexpr std::size_t kLongestRevision = 64;

}  // namespace

Result<Targets> ParseTargets(const std::string& first, const std::vector<std::string>& more) {
  const std::size_t slash = first.find('/');
  Targets targets{.resource = first.substr(0, slash), .names = {}};
  SLIPWAY_TRY(resource, FindResource(targets.resource));
  if (slash != std::string::npos) {
    targets.names.push_back(first.substr(slash + 1));
  }
  for (const std::string& word : more) {
    if ((slash != std::string::npos) != (word.find('/') != std::string::npos)) {
      return Fail(Code::kInvalid, "\"" + word + "\": give either KIND NAME or KIND/NAME, not both");
    }
    SLIPWAY_TRY(name, ParseName(resource.kind, word));
    targets.names.push_back(name);
  }
  for (const std::string& name : targets.names) {
    if (name.empty() || name.find('/') != std::string::npos) {
      return Fail(Code::kInvalid, "\"" + first + "\": must be KIND/NAME, such as app/hello");
    }
  }
  return targets;
}

Result<std::string> ParseName(const std::string& kind, const std::string& word) {
  const std::size_t slash = word.find('/');
  if (slash == std::string::npos) {
    return word;
  }
  const auto resource = FindResource(word.substr(0, slash));
  const std::string name = word.substr(slash + 1);
  if (!resource.has_value() || resource.value().kind != kind || name.empty() ||
      name.find('/') != std::string::npos) {
    SLIPWAY_TRY(wanted, FindResource(kind));
    return Fail(Code::kInvalid, "\"" + word + "\": must be the name of one of the " +
                                    wanted.plural + ", such as hello or " + wanted.plural +
                                    "/hello");
  }
  return name;
}

Result<std::string> ParseRevision(const std::string& word) {
  if (word.empty() || word.size() > kLongestRevision ||
      word.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Fail(Code::kInvalid, "\"" + word +
                                    "\": must be a commit or its first digits, such as 293746b7; "
                                    "`git rev-parse` prints it");
  }
  return word;
}

Result<std::string> ParseSelector(const std::string& text) {
  const auto parsed = objects::LabelSelector::Parse(text);
  if (!parsed.has_value()) {
    return Fail(Code::kInvalid,
                "the selector \"" + text + "\" cannot be understood: " + parsed.error().message +
                    ". Such are allowed: a=b, a!=b, a in (b,c), a notin (b,c), a, !a");
  }
  return text;
}

Result<Duration> ParseDurationFlag(const std::string& text) {
  const auto parsed = api::ParseDuration(text);
  if (!parsed.has_value()) {
    return Fail(Code::kInvalid,
                "\"" + text + "\": must be a length of time, such as 90s, 5m or 1h30m");
  }
  return parsed.value();
}

Result<std::string> ParseCascade(const std::string& text) {
  static const std::map<std::string, std::string> kPolicies = {
      {"background", "Background"}, {"foreground", "Foreground"}, {"orphan", "Orphan"}};
  if (const auto found = kPolicies.find(text); found != kPolicies.end()) {
    return found->second;
  }
  return Fail(Code::kInvalid, "\"" + text + "\": must be background, foreground or orphan");
}

Result<Duration> ParseLifetime(const std::string& text) {
  constexpr std::size_t kMostDigits = 5;
  const std::string days = text.substr(0, text.size() - (text.ends_with('d') ? 1 : 0));
  const bool number = !days.empty() && days.size() <= kMostDigits &&
                      days.find_first_not_of("0123456789") == std::string::npos;
  Duration lifetime{0};
  if (text.ends_with('d') && number) {
    lifetime = std::chrono::hours(24) * std::stoi(days);
  } else {
    SLIPWAY_TRY(parsed, ParseDurationFlag(text));
    lifetime = parsed;
  }
  if (lifetime <= Duration(0)) {
    return Fail(Code::kInvalid, "\"" + text + "\": must be longer than nothing, such as 90d");
  }
  return lifetime;
}

}  // namespace slipway::cli
