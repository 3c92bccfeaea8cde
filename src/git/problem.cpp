#include "src/git/problem.hpp"

#include <array>
#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::git {
namespace {

constexpr std::array kProblems = {
    Problem::kUnreachable,     Problem::kRepositoryNotFound,
    Problem::kUnauthorized,    Problem::kRefNotFound,
    Problem::kEmptyTree,       Problem::kTimeout,
    Problem::kHostKeyMismatch, Problem::kCertificateInvalid,
    Problem::kUrlNotAllowed,   Problem::kRedirected,
    Problem::kTooLarge,        Problem::kManifestInvalid,
    Problem::kUnsafeTree,      Problem::kBadPack,
    Problem::kInternal,
};

Code CodeOf(Problem problem) {
  switch (problem) {
    case Problem::kUnreachable:
      return Code::kUnavailable;
    case Problem::kRepositoryNotFound:
    case Problem::kRefNotFound:
      return Code::kNotFound;
    case Problem::kUnauthorized:
      return Code::kUnauthorized;
    case Problem::kTimeout:
      return Code::kTimeout;
    case Problem::kTooLarge:
      return Code::kTooLarge;
    case Problem::kHostKeyMismatch:
    case Problem::kCertificateInvalid:
    case Problem::kRedirected:
    case Problem::kUrlNotAllowed:
      return Code::kForbidden;
    case Problem::kEmptyTree:
    case Problem::kManifestInvalid:
    case Problem::kUnsafeTree:
    case Problem::kBadPack:
      return Code::kInvalid;
    case Problem::kInternal:
      return Code::kInternal;
  }
  SLIPWAY_UNREACHABLE("problem outside the enum");
}

}  // namespace

const char* ReasonOf(Problem problem) {
  switch (problem) {
    case Problem::kUnreachable:
      return "Unreachable";
    case Problem::kRepositoryNotFound:
      return "RepositoryNotFound";
    case Problem::kUnauthorized:
      return "Unauthorized";
    case Problem::kRefNotFound:
      return "RefNotFound";
    case Problem::kEmptyTree:
      return "EmptyTree";
    case Problem::kTimeout:
      return "Timeout";
    case Problem::kHostKeyMismatch:
      return "HostKeyMismatch";
    case Problem::kCertificateInvalid:
      return "CertificateInvalid";
    case Problem::kUrlNotAllowed:
      return "UrlNotAllowed";
    case Problem::kRedirected:
      return "Redirected";
    case Problem::kTooLarge:
      return "TooLarge";
    case Problem::kManifestInvalid:
      return "ManifestInvalid";
    case Problem::kUnsafeTree:
      return "UnsafeTree";
    case Problem::kBadPack:
      return "BadPack";
    case Problem::kInternal:
      return "InternalError";
  }
  SLIPWAY_UNREACHABLE("problem outside the enum");
}

Problem ProblemNamed(const std::string& reason) {
  for (Problem problem : kProblems) {
    if (reason == ReasonOf(problem)) return problem;
  }
  return Problem::kInternal;
}

Error MakeError(Problem problem, std::string message) {
  Error error = Fail(CodeOf(problem), message);
  error.causes.push_back({.field = "", .message = std::move(message), .reason = ReasonOf(problem)});
  return error;
}

Problem ProblemOf(const Error& error) {
  return error.causes.empty() ? Problem::kInternal : ProblemNamed(error.causes.front().reason);
}

}  // namespace slipway::git
