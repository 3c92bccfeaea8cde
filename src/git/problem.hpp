#pragma once

#include <cstdint>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::git {

/// What is the matter with a repository, or with a tree in it. Each is the reason of a condition.
enum class Problem : std::uint8_t {
  kUnreachable,         ///< no connection, or the server answered something that is not git
  kRepositoryNotFound,  ///< the server knows no such repository, or hides it from these credentials
  kUnauthorized,        ///< credentials missing, refused, or of a kind that cannot work
  kRefNotFound,         ///< the repository is there; the branch, tag or commit is not
  kEmptyTree,           ///< the commit is there; it has no files at the wanted path
  kTimeout,             ///< no answer within the deadline
  kHostKeyMismatch,     ///< ssh: the server's key is not the one in known_hosts
  kCertificateInvalid,  ///< https: the certificate does not verify
  kUrlNotAllowed,       ///< a scheme or a form of URL that is refused before anything is sent
  kRedirected,          ///< the server wants us elsewhere; nothing was sent there
  kTooLarge,            ///< a limit on bytes or objects was reached
  kManifestInvalid,     ///< slipway.yaml is not a regular file, or above 1 MiB
  kUnsafeTree,          ///< a tree that must not be written to a disk
  kBadPack,             ///< a pack that is damaged, or lacks objects
  kInternal,            ///< our own fault, or the disk's
};

/// The name of a problem on the wire and in conditions, such as "RefNotFound".
const char* ReasonOf(Problem problem);

/// The inverse of ReasonOf(); kInternal for a name that is none.
Problem ProblemNamed(const std::string& reason);

/// An Error that carries the problem as the reason of its only cause. `message` is a sentence that
/// says what to do.
Error MakeError(Problem problem, std::string message);

/// The problem inside an Error of this folder; kInternal where there is none.
Problem ProblemOf(const Error& error);

}  // namespace slipway::git
