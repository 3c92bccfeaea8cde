#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::cloud {

/// What the Secret holds that a provider names, decoded; empty where it names none.
using SecretData = std::map<std::string, std::string>;

/// Something that must be so for a list to come.
struct Check {
  std::string
      needs;  ///< a permission in the provider's words, such as ec2:DescribeInstances, or what else
  std::string where;             ///< such as eu-west-1; or empty
  std::optional<Error> trouble;  ///< as List has them; empty: it is so
};

/// A check that `tried` decides.
template <typename T>
Check CheckOf(std::string needs, std::string where, const Result<T>& tried) {
  return {.needs = std::move(needs),
          .where = std::move(where),
          .trouble = tried.has_value() ? std::nullopt : std::optional<Error>(tried.error())};
}

/// What a provider needs of those who ask it, and whether it has it.
struct Examination {
  std::vector<Check> checks;
  std::string
      policy;  ///< the least that must be allowed, in the form that the provider takes; empty: it knows none
};

/// The door to providers. Blocking: call it on a thread of a pool. Thread-safe.
class CloudApi {
 public:
  virtual ~CloudApi() = default;

  /// Every server that the provider knows, in any order. The reason of an error is that of its first cause, such as "ListFailed";
  /// its message says what to do and holds no credentials.
  virtual Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                          const SecretData& secret) = 0;

  /// The same for a fleet that has the servers of these names, in order. A provider that may leave some out without a word asks for those
  /// that lack; by default they mean nothing.
  virtual Result<std::vector<runtime::ListedServer>> ListKnowing(
      const std::vector<std::string>& /*known*/, const api::Provider& provider,
      const SecretData& secret) {
    return List(provider, secret);
  }

  /// Tries each thing that List needs by itself, and changes nothing. By default that is one list.
  virtual Examination Examine(const api::Provider& provider, const SecretData& secret);

  /// Lets a machine in that the provider listed as joining. Once: where its launch is not held (any more), that is an error. The reason
  /// of an error is that of its first cause. Asked once, and not after `deadline`: by then it may lack what has been promoted since.
  virtual Result<void> CompleteLaunch(const runtime::CompleteLaunch& launch,
                                      const SecretData& secret, MonoTime deadline);

  /// Who waits for a turn gives up, and nobody waits again: the process ends.
  virtual void Stop() {}
};

/// An error with a reason for a condition.
inline Error Trouble(Code code, std::string reason, std::string message) {
  return Error{.code = code,
               .message = message,
               .causes = {{.field = "", .message = message, .reason = std::move(reason)}}};
}

}  // namespace slipway::cloud
