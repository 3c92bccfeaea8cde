#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "src/agent/protocol.hpp"
#include "src/apiserver/pki/pki.hpp"
#include "src/gateway/catalog.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::gateway {

/// Name of the ServerClaim of one key for one server name: who asks again finds it.
std::string ClaimNameOf(const std::string& server, const std::string& key_hash);

/// Lets agents join: checks their token, keeps their ServerClaim, and once the Fleet planner has matched it to a Server, has
/// their key certified. One thread; nothing is kept here: a claim that is asked again finds the objects.
class Claims {
 public:
  using Answer = std::variant<protocol::ClaimReply, protocol::ClaimWaiting>;
  using Done = std::function<void(Result<Answer>)>;

  /// Whoever has a token may make this many claims that match no server: each is an object that somebody must look at.
  static constexpr std::size_t kMostUnmatched = 1'000;

  /// All references outlive it.
  Claims(kube::ObjectClient& client, const Catalog& catalog, const Clock& clock,
         const apiserver::Pki& pki)
      : client_(client), catalog_(catalog), clock_(clock), pki_(pki) {}

  /// Answers POST /v1/claim. `token` is NAMESPACE.ID.SECRET. kUnauthorized: the token is unknown, wrong or has expired (one
  /// message for all three, so that nobody can guess ids); kInvalid: the request is wrong; kTooManyRequests: too many claims of
  /// this token wait for a server.
  void Handle(std::string_view token, const protocol::ClaimRequest& request, Done done);

  /// Answers the same from an agent that shows the certificate for `server` (NAMESPACE/NAME), whose claim is there: the
  /// next certificate for the key that the claim has. kForbidden: the request is for another key or name.
  void Renew(std::string_view server, std::string_view key_hash,
             const protocol::ClaimRequest& request, Done done);

 private:
  struct Pending;
  void CheckToken(const std::shared_ptr<Pending>& pending, const Result<kube::ObjectText>& secret);
  void Keep(const std::shared_ptr<Pending>& pending);
  void Look(const std::shared_ptr<Pending>& pending);
  void Correct(const std::shared_ptr<Pending>& pending);
  void AnswerFor(const std::shared_ptr<Pending>& pending, const std::string& claim);

  kube::ObjectClient& client_;
  const Catalog& catalog_;
  const Clock& clock_;
  const apiserver::Pki& pki_;
};

}  // namespace slipway::gateway
