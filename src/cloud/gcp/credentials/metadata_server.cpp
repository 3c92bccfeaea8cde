#include "src/cloud/gcp/credentials/metadata_server.hpp"

#include <utility>

#include "src/cloud/gcp/credentials/token_exchange.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::gcp {
namespace {

/// The server is next door: who does not answer at once is not there. Google's libraries wait three seconds.
constexpr Duration kMachineDeadline{3'000};
constexpr std::size_t kMostMachineBytes = std::size_t{64} << 10;
constexpr const char* kTokenPath = "/computeMetadata/v1/instance/service-accounts/default/token";

/// An address and not a name: names are looked up by whoever set up this machine's network.
constexpr const char* kUsualHost = "169.254.169.254";

}  // namespace

Result<AccessToken> TokenOfMachine(const Doors& doors, const Environment& environment) {
  if (LowerCase(Variable(environment, "NO_GCE_CHECK")) == "true") {
    return Fail(Code::kNotFound, "NO_GCE_CHECK is true");
  }
  const std::string host = Variable(environment, "GCE_METADATA_HOST");
  rest::Request request;
  request.url = "http://" + (host.empty() ? kUsualHost : host) + kTokenPath;
  request.headers["metadata-flavor"] = "Google";
  request.deadline = kMachineDeadline;
  request.max_response_bytes = kMostMachineBytes;
  const auto response = doors.metadata.Send(request);
  if (!response.has_value()) {
    return Fail(Code::kNotFound,
                "no metadata server answers, which is so where this is no machine "
                "of Google: " +
                    response.error().message);
  }
  const rest::Response& answer = response.value();
  const auto flavor = answer.headers.find("metadata-flavor");
  if (flavor == answer.headers.end() || flavor->second != "Google") {
    return Fail(Code::kNotFound, "what answers does not say to be Google's metadata server");
  }
  if (answer.status == 404) {
    return Fail(Code::kNotFound, "the machine has no service account: give it one");
  }
  const std::string status = "the metadata server answers with HTTP status " +
                             std::to_string(answer.status) + " when asked for a token";
  if (answer.status == 429) {
    return Fail(Code::kTooManyRequests, status);
  }
  if (answer.status != 200) {
    return Fail(answer.status >= 500 ? Code::kUnavailable : Code::kInvalid, status);
  }
  auto token = ReadToken(answer.body, doors.clock.Now());
  if (!token.has_value()) {
    return Fail(Code::kInvalid, "the metadata server: " + token.error().message);
  }
  token.value().source = "the service account of this machine";
  return token;
}

}  // namespace slipway::cloud::gcp
