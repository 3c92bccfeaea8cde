#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"

namespace slipway::git {

/// Bounds on what one checkout writes.
struct CheckoutLimits {
  std::uint64_t files = 1'000'000;
  std::uint64_t bytes = 16ULL << 30;
  std::uint32_t depth = 128;
};

/// What the content helper of an agent is asked to do: steps that are left empty are left out.
struct CheckoutRequest {
  std::string repository;  ///< bare repository of snapshots; created when missing; ours alone
  std::string pack;        ///< file to take in first; may be thin against what `repository` holds
  Commit want;             ///< must be there, whole, after `pack`. Empty: only tell what is held
  std::string path;  ///< the release is this subdirectory ("services/shop"); empty: the whole tree
  std::string staging;       ///< directory to check out into: new, or empty. Empty: no checkout
  std::vector<Commit> keep;  ///< what must stay beside `want`; other snapshots are forgotten
  std::uint32_t max_packs =
      16;  ///< beyond it packs are rewritten into one that holds only what is kept
  CheckoutLimits limits;
};

struct CheckoutReply {
  std::vector<Commit> held;  ///< snapshots that are there, whole, ordered: any of them is a `have`
  std::uint64_t files = 0;   ///< written into `staging`, links included
  std::uint64_t bytes = 0;
};

/// Takes in the pack, checks that every object of `want` is there, checks it out, forgets what is
/// not kept. One at a time a repository (a lock file sees to it). Regular files get 0644 or 0755,
/// directories 0755; links are made as they are when they stay inside; no filters, hooks,
/// attributes or submodules. What `staging` holds after an error is to be deleted. Errors carry a
/// Problem: kBadPack (damaged, or its base is missing: ask for a snapshot), kRefNotFound,
/// kEmptyTree, kUnsafeTree, kTooLarge, kInternal.
Result<CheckoutReply> ApplyPackAndCheckout(const CheckoutRequest& request);

/// The whole of `slipway-agent content-helper`: one CheckoutRequest as JSON from `in`, one reply as
/// JSON to `out`. Returns the exit code: 0 whenever a reply was written.
int RunContentHelper(std::istream& in, std::ostream& out);

/// JSON, as the helper reads and writes it. These four need no libgit2 (library
/// slipway_git_protocol).
std::string EncodeCheckoutRequest(const CheckoutRequest& request);
Result<CheckoutRequest> DecodeCheckoutRequest(const std::string& text);
std::string EncodeCheckoutReply(const Result<CheckoutReply>& reply);
Result<CheckoutReply> DecodeCheckoutReply(const std::string& text);

}  // namespace slipway::git
