#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "src/cloud/aws/credentials/credentials.hpp"

namespace slipway::cloud::aws {

/// Keeps credentials, and fetches new ones 5 minutes before they end. Where that fails and they have not ended yet, they serve on, and
/// half a minute later it is tried again.
///
/// Thread-safe. At most one thread fetches; the others go on with credentials that have not ended, or wait for what it brings, be
/// it an error.
class KeptCredentials {
 public:
  /// Blocking; gives credentials that have not ended, or an error.
  using Fetch = std::function<Result<Credentials>()>;

  /// `clock` outlives it.
  KeptCredentials(const Clock& clock, Fetch fetch);

  /// Errors are those of the fetch.
  Result<Credentials> Get();

  /// What is kept, and what is being fetched at this moment, is given to nobody who asks from now on.
  void Forget();

 private:
  /// One fetch, and those who wait for it.
  struct Round {
    std::uint64_t forgotten = 0;  ///< how often Forget had been called when it began
    std::optional<Result<Credentials>> result;
  };

  bool Serves() const;
  bool NeedsNothing() const;
  Result<Credentials> Run(std::unique_lock<std::mutex>& lock);

  const Clock& clock_;
  const Fetch fetch_;
  std::mutex mutex_;  ///< guards what follows; not held while fetching
  std::condition_variable ended_;
  std::optional<Credentials> kept_;
  MonoTime fetched_at_;  ///< or tried to
  std::shared_ptr<Round> round_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace slipway::cloud::aws
