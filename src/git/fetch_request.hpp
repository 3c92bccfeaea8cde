#pragma once

#include <cstdint>
#include <string>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::git {

/// The three things that a repository can be followed by.
enum class RefKind : std::uint8_t { kBranch, kTag, kCommit };

/// What to follow: a branch or tag by its short name ("main", "v1.2"), or a commit by its 40 hex
/// digits.
struct Ref {
  RefKind kind = RefKind::kBranch;
  std::string name = "main";

  bool operator==(const Ref&) const = default;
};

/// What a Secret holds. Never logged; sent only to the host of the URL.
struct Credentials {
  std::string username;         ///< https: basic. ssh: where the URL names no user; then "git"
  std::string password;         ///< https: basic
  std::string bearer_token;     ///< https: instead of a password
  std::string ssh_private_key;  ///< ssh: PEM or OpenSSH text; RSA is refused
  std::string ssh_passphrase;   ///< ssh: of the private key
  std::string known_hosts;      ///< ssh: lines as of `ssh-keyscan`; required
  std::string ca_certificates;  ///< https: PEM; trusted instead of the system's
};

/// Bounds on one poll; 0 means none.
struct FetchLimits {
  std::uint64_t received_bytes = 4ULL << 30;
  std::uint64_t objects = 20'000'000;
  std::uint64_t address_space_bytes = 8ULL << 30;
  std::uint64_t cpu_seconds = 900;
};

/// One poll of one repository.
struct FetchRequest {
  std::string url;  ///< https://… or ssh://…; file://… where `allow_file`
  Ref ref;
  Credentials credentials;
  std::string mirror;  ///< directory of the bare mirror; exists
  bool allow_file = false;
  Duration deadline{60'000};
  FetchLimits limits;
};

/// What a poll found. Without news `received_objects` is 0: one ref advertisement was all that was
/// asked for.
struct Fetched {
  Commit commit;  ///< what the ref points to now; in the mirror. Tags are peeled
  std::uint64_t received_bytes = 0;
  std::uint64_t received_objects = 0;
};

/// JSON, as the worker reads and writes it.
std::string EncodeFetchRequest(const FetchRequest& request);
Result<FetchRequest> DecodeFetchRequest(const std::string& text);
std::string EncodeFetched(const Result<Fetched>& fetched);
Result<Fetched> DecodeFetched(const std::string& text);

/// Errors as every request of this folder can have them: kUrlNotAllowed and kRefNotFound for what
/// can be seen to be wrong without asking anybody.
Result<void> CheckUrl(const std::string& url, bool allow_file);
Result<void> CheckRef(const Ref& ref);

}  // namespace slipway::git
