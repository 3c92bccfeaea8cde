#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "src/cloud/aws/credentials/credentials.hpp"
#include "src/cloud/aws/credentials/shared_config.hpp"
#include "src/process/process_runner.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud::aws {

/// The ways out of the process. All outlive what is built on them.
struct Doors {
  rest::Client& web;       ///< for STS and what else there is of AWS
  rest::Client& metadata;  ///< for what is asked on the machine itself; it must use no proxy
  process::ProcessRunner& processes;
  const Clock& clock;
};

/// Which of them leads to `url`: http:// is for this machine, and no proxy has to see what is asked there.
inline rest::Client& DoorFor(const Doors& doors, const std::string& url) {
  return url.starts_with("http://") ? doors.metadata : doors.web;
}

/// What one source has. A source that is not set up has nothing, and the next is asked. One that is set up and does not work is an
/// error and ends the search: to go on would be to act as somebody else than was meant.
struct Answer {
  std::optional<Credentials> credentials;
  std::string nothing;  ///< why there are none, without a full stop
};

/// kInvalid where a part is missing, or holds a character that no key has and that would spoil a header.
Result<Answer> Found(Credentials credentials);

/// Credentials that were given to Slipway, such as those in a Secret. Thread-safe.
class FixedCredentials final : public CredentialSource {
 public:
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}

  /// kInvalid where they cannot be credentials.
  Result<Credentials> Get() override;

  /// Changes nothing: there are no others.
  void Forget() override {}

 private:
  const Credentials credentials_;
};

/// The same trouble with the same reason, said otherwise.
Error Reworded(Error error, const std::string& message);

/// How messages call a profile.
std::string Named(const std::string& profile);

/// A source that is not set up.
inline Answer Nothing(std::string why) {
  return {.credentials = std::nullopt, .nothing = std::move(why)};
}

/// Asks one source after the other until there are credentials or an error.
class Search {
 public:
  /// `source` is asked only while the search is going on. `name` is how messages call it.
  void Ask(const std::string& name, const std::function<Result<Answer>()>& source);

  bool going() const { return !credentials_ && !error_; }

  /// What was found, or the error that ended the search together with what was tried before it. Where all had nothing: kUnauthorized,
  /// with each source, why it has none, and `advice`.
  Result<Credentials> End(const std::string& advice) const;

 private:
  std::string tried_;
  std::optional<Credentials> credentials_;
  std::optional<Error> error_;
};

/// kUnauthorized where they have ended, or the clock of this machine is wrong.
Result<Credentials> StillValid(Credentials credentials, Time now);

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and perhaps AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION.
Result<Answer> FromEnvironment(const Environment& environment);

/// Static keys of one profile of one file.
Result<Answer> FromKeys(const ProfileFile& file, const std::string& profile);

/// What a program prints ("Sourcing credentials with an external process" in the AWS SDKs and Tools Reference Guide). `command` is
/// split as a shell does it, and no shell runs it. Messages hold nothing of it and nothing that it printed.
Result<Answer> FromProcess(process::ProcessRunner& processes, const Environment& environment,
                           const std::string& command, const std::string& profile);

/// What the agent of ECS or EKS gives to a container. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, or AWS_CONTAINER_CREDENTIALS_FULL_URI:
/// https, or http to this machine or to the addresses that AWS uses for it, because an authorization token goes there.
Result<Answer> FromContainer(rest::Client& metadata, const Environment& environment);

/// The role of the EC2 instance, by version 2 of its metadata service and never by version 1. `profile` may say where the service is,
/// as the environment may.
Result<Answer> FromInstance(rest::Client& metadata, const Environment& environment,
                            const Settings& profile);

/// The form in which containers, instances and programs give credentials.
struct JsonForm {
  std::string token;           ///< how the session token is called
  bool lasting = false;        ///< token and expiry may be missing
  bool may_be_quoted = false;  ///< an answer without keys says why in Code and Message
};

/// Reads it; `source` is left empty. kInvalid says which part is missing, without a value; kForbidden where `Code` says why there are
/// none, with `secrets` left out.
Result<Credentials> ReadCredentials(std::string_view text, const JsonForm& form,
                                    const std::vector<std::string>& secrets);

}  // namespace slipway::cloud::aws
