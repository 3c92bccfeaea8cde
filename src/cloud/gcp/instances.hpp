#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::cloud::gcp {

/// One page of instances.aggregatedList. Where the next one is can be told at once; to read what it lists takes longer, and can be
/// left to another thread. One thread at a time.
class InstancePage {
 public:
  /// kInvalid where it is no whole page of instances: something did not answer. So is JSON that is nested deeper than 1,024, or has
  /// integers of more than 64 bits.
  static Result<InstancePage> Parse(const std::string& text);
  InstancePage(InstancePage&& other) noexcept;
  ~InstancePage();

  /// Token of the page that follows; empty: this is the last. A page may be empty and not the last.
  const std::string& next() const { return next_; }

  /// Those that the provider's fields fit. kInvalid where a zone is there twice or may lack instances, or one of them has no id or no
  /// known state. Without it the list would say that a server is gone.
  Result<std::vector<runtime::ListedServer>> Servers(const api::GcpProvider& provider) const;

 private:
  struct Tree;

  InstancePage(std::unique_ptr<Tree> tree, std::string next);

  std::unique_ptr<Tree> tree_;
  std::string next_;
};

/// Compute Engine gives no more on a page.
inline constexpr int kMostOnAPage = 500;

/// Path and query that ask for a page of at most `most` instances: the first one where `token` is empty.
std::string AggregatedList(const api::GcpProvider& provider, const std::string& token,
                           int most = kMostOnAPage);

}  // namespace slipway::cloud::gcp
