#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "reconciler/api/testrun.hpp"
#include "reconciler/base/result.hpp"

/// What test suites say in JUnit files. They are parsed in the content helper, not in the agent.
namespace slipway::agent {

struct JunitRequest {
  std::string directory;  ///< of the release
  std::string pattern;    ///< relative to it, as glob(7) has it
  std::string suite;      ///< name of the suite, for the cases
};

struct JunitReply {
  std::string error;  ///< a file that cannot be read; empty: none
  std::int64_t files = 0;
  std::int64_t tests = 0;
  std::int64_t failures = 0;
  std::int64_t errors = 0;
  std::int64_t skipped = 0;
  std::vector<api::CaseFailure> cases;  ///< failed or broken, the first 100
};

/// JSON; kInvalid says what does not fit.
std::string EncodeJunitRequest(const JunitRequest& request);
Result<JunitRequest> DecodeJunitRequest(const std::string& text);
std::string EncodeJunitReply(const JunitReply& reply);
Result<JunitReply> DecodeJunitReply(const std::string& text);

/// Finds and counts. At most 1,000 files of 16 MiB each; links and what is no regular file are left
/// out. Every <testcase> counts once: as an error, a failure, skipped or passed. Never fails: what
/// cannot be read is said in `error`.
JunitReply ReadJunit(const JunitRequest& request);

/// The subcommand of the content helper: a request as JSON from `in`, a reply to `out`.
int RunJunit(std::istream& in, std::ostream& out);

}  // namespace slipway::agent
