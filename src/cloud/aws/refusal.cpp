#include "src/cloud/aws/refusal.hpp"

#include <pugixml.hpp>
#include <set>

namespace slipway::cloud::aws {

Refusal ReadRefusal(const std::string& body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) {
    return {};
  }
  const pugi::xml_node root = document.document_element();
  // EC2 has its errors in a list, and everybody else has one.
  const pugi::xml_node error =
      root.child("Errors") ? root.child("Errors").child("Error") : root.child("Error");
  const pugi::xml_node id =
      root.child("RequestID") ? root.child("RequestID") : root.child("RequestId");
  return {.code = error.child_value("Code"),
          .message = error.child_value("Message"),
          .request_id = id.child_value()};
}

Blame BlameOf(int status, const std::string& code) {
  static const std::set<std::string> kThrottles = {
      "RequestLimitExceeded",      "Throttling",
      "ThrottlingException",       "ThrottledException",
      "TooManyRequestsException",  "RequestThrottled",
      "RequestThrottledException", "SlowDown",
      "PriorRequestNotComplete",   "BandwidthLimitExceeded",
      "LimitExceededException",    "EC2ThrottledException"};
  static const std::set<std::string> kCredentialTroubles = {
      "ExpiredToken",         "ExpiredTokenException",
      "InvalidClientTokenId", "UnrecognizedClientException",
      "InvalidAccessKeyId",   "MissingAuthenticationToken",
      "InvalidIdentityToken"};
  // What a clock that is wrong is answered with; EC2 says AuthFailure for it, as for wrong keys.
  static const std::set<std::string> kClockTroubles = {
      "RequestExpired",     "RequestTimeTooSkewed",      "SignatureDoesNotMatch",
      "RequestInTheFuture", "InvalidSignatureException", "AuthFailure"};
  static const std::set<std::string> kDenials = {
      "UnauthorizedOperation", "AccessDenied", "AccessDeniedException",
      "OptInRequired",         "Blocked",      "PendingVerification"};
  if (kThrottles.contains(code) || status == 429) {
    return Blame::kThrottled;
  }
  if (kCredentialTroubles.contains(code)) {
    return Blame::kCredentials;
  }
  if (kClockTroubles.contains(code)) {
    return Blame::kSignature;
  }
  if (kDenials.contains(code)) {
    return Blame::kDenied;
  }
  const bool passes = status >= 500 || code == "IDPCommunicationError";
  return passes ? Blame::kService : Blame::kRequest;
}

}  // namespace slipway::cloud::aws
