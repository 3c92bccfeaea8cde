#pragma once

#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

// What the words of a command line mean, before anybody is asked. Pure. Each error is wrong usage.
namespace slipway::cli {

/// Objects of one kind, by name.
struct Targets {
  std::string resource;            ///< a kind that there is, as it was typed
  std::vector<std::string> names;  ///< empty: all
};

/// `KIND NAME…` or, as kubectl has it too, `KIND/NAME…` of one kind.
Result<Targets> ParseTargets(const std::string& first, const std::vector<std::string>& more);

/// The name of an object of `kind`, given as NAME or as KIND/NAME, such as app/hello.
Result<std::string> ParseName(const std::string& kind, const std::string& word);

/// A commit or the first digits of one.
Result<std::string> ParseRevision(const std::string& word);

/// What `-l` says, unchanged.
Result<std::string> ParseSelector(const std::string& text);

/// A length of time as people write it on a command line: 90s, 5m, 1h30m.
Result<Duration> ParseDurationFlag(const std::string& text);

/// The same for what may last long: also whole days, as 90d.
Result<Duration> ParseLifetime(const std::string& text);

/// background, foreground or orphan, as Kubernetes calls the policy of a deletion: Background, …
Result<std::string> ParseCascade(const std::string& text);

}  // namespace slipway::cli
