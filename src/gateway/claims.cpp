#include "src/gateway/claims.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "reconciler/api/scalars.hpp"
#include "reconciler/api/serverclaim.hpp"
#include "reconciler/base/digest.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/secret_data.hpp"

namespace slipway::gateway {
namespace {

using kube::ObjectName;
using kube::ObjectText;
using nlohmann::json;

constexpr const char* kTokenType = "slipway.dev/agent-token";
constexpr Duration kAskAgain{2'000};
constexpr Duration kRenewBefore = std::chrono::hours(24 * 30);
constexpr std::size_t kMaxTokenBytes = 512;
constexpr std::size_t kHashInName = 12;

bool EqualInConstantTime(const std::string& left, const std::string& right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

/// The text at `path`; empty where there is none.
std::string TextAt(const json& object, const std::string& path) {
  const json value = object.value(json::json_pointer(path), json());
  return value.is_string() ? value.get<std::string>() : std::string();
}

Error WrongToken() {
  return Fail(Code::kUnauthorized,
              "the token is not known here or has expired; make one with `slipway token create`");
}

ObjectName ClaimName(const std::string& ns, const std::string& name) {
  return {kApiVersion, "serverclaims", ns, name};
}

struct FreeOpenssl {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

using CertificatePtr = std::unique_ptr<X509, FreeOpenssl>;

CertificatePtr ReadCertificate(const std::string& pem) {
  const std::unique_ptr<BIO, FreeOpenssl> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return CertificatePtr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

/// Whether a certificate that was given before can be given again: an agent asks anew when its own has expired, or when there is
/// another CA than the one that signed it.
bool IsGood(const std::string& pem, const std::string& ca_pem, Time now) {
  const CertificatePtr certificate = ReadCertificate(pem);
  const CertificatePtr authority = ReadCertificate(ca_pem);
  std::tm end{};
  if (certificate == nullptr || authority == nullptr ||
      X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) != 1 ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
    ERR_clear_error();
    return false;
  }
  return Time(std::chrono::seconds(timegm(&end))) - now > kRenewBefore;
}

protocol::ClaimWaiting WaitingFor(const api::ServerClaim& claim) {
  for (const api::Condition& condition : claim.status.conditions) {
    if (condition.type == "Ready") {
      return {.reason = condition.reason, .message = condition.message, .retry_after = kAskAgain};
    }
  }
  return {.reason = "Pending",
          .message = "the claim has not been looked at yet",
          .retry_after = kAskAgain};
}

}  // namespace

std::string ClaimNameOf(const std::string& server, const std::string& key_hash) {
  return server + "-" + key_hash.substr(0, kHashInName);
}

/// One request on its way.
struct Claims::Pending {
  std::string token;
  std::string ns;
  std::string token_id;
  std::string fleet;
  apiserver::SigningRequest signing;
  std::string object;  ///< name of the ServerClaim
  protocol::ClaimRequest request;
  bool corrected = false;  ///< the claim was told which machine it is of
  Done done;
};

void Claims::Handle(std::string_view token, const protocol::ClaimRequest& request, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->token = token.substr(0, kMaxTokenBytes);
  pending->request = request;
  pending->done = std::move(done);
  const std::size_t first = pending->token.find('.');
  const std::size_t second = pending->token.find('.', first + 1);
  if (first == std::string::npos || second == std::string::npos) {
    return pending->done(WrongToken());
  }
  pending->ns = pending->token.substr(0, first);
  pending->token_id = pending->token.substr(first + 1, second - first - 1);
  if (pending->ns.empty() || pending->token_id.empty() ||
      pending->token_id.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return pending->done(WrongToken());
  }
  client_.Get({"v1", "secrets", pending->ns, "agent-token-" + pending->token_id},
              [this, pending](const Result<ObjectText>& secret) { CheckToken(pending, secret); });
}

void Claims::Renew(std::string_view server, std::string_view key_hash,
                   const protocol::ClaimRequest& request, Done done) {
  const auto signing = apiserver::ReadSigningRequest(request.csr);
  if (!signing.has_value()) {
    return done(signing.error());
  }
  const std::size_t slash = server.find('/');
  if (signing.value().key_hash != key_hash || server.substr(slash + 1) != request.name) {
    return done(Fail(Code::kForbidden,
                     "a certificate is renewed for its own key and name; others need a token"));
  }
  auto pending = std::make_shared<Pending>();
  pending->ns = server.substr(0, slash);
  pending->request = request;
  pending->signing = signing.value();
  pending->object = ClaimNameOf(request.name, pending->signing.key_hash);
  pending->done = std::move(done);
  Look(pending);
}

void Claims::CheckToken(const std::shared_ptr<Pending>& pending, const Result<ObjectText>& secret) {
  if (!secret.has_value()) {
    return pending->done(secret.error().code == Code::kNotFound ? WrongToken() : secret.error());
  }
  std::map<std::string, std::string> data = objects::SecretDataOf(*secret.value());
  const auto expires = api::ParseTime(data["expires"]);
  if (TextAt(ReadJson(*secret.value()), "/type") != kTokenType ||
      !EqualInConstantTime(data["hash"], Sha256Hex(pending->token)) || !expires.has_value() ||
      expires.value() <= clock_.Now()) {
    return pending->done(WrongToken());
  }
  pending->fleet = data["fleet"];
  const auto signing = apiserver::ReadSigningRequest(pending->request.csr);
  if (!signing.has_value()) {
    return pending->done(signing.error());
  }
  pending->signing = signing.value();
  pending->object = ClaimNameOf(pending->request.name, pending->signing.key_hash);
  Keep(pending);
}

void Claims::Keep(const std::shared_ptr<Pending>& pending) {
  if (catalog_.FindClaim(pending->ns + "/" + pending->object) == nullptr &&
      catalog_.UnmatchedClaims(pending->ns, pending->token_id) >= kMostUnmatched) {
    Error error = Fail(Code::kTooManyRequests,
                       std::to_string(kMostUnmatched) +
                           " claims of this token wait for a server; delete those that nobody "
                           "needs: `slipway get serverclaims`");
    error.retry_after = kAskAgain;
    return pending->done(std::move(error));
  }
  api::ServerClaim claim;
  claim.metadata.name = pending->object;
  claim.metadata.ns = pending->ns;
  claim.spec = {.name = pending->request.name,
                .fleet = pending->fleet,
                .token_id = pending->token_id,
                .key_hash = pending->signing.key_hash,
                .provider_id = pending->request.provider_id,
                .addresses = pending->request.addresses,
                .agent_version = pending->request.version,
                .certificate_request = pending->request.csr};
  client_.Create(ClaimName(pending->ns, pending->object), api::Encode(claim),
                 [this, pending](const Result<ObjectText>& made) {
                   if (!made.has_value() && made.error().code != Code::kAlreadyExists) {
                     return pending->done(made.error());
                   }
                   Look(pending);
                 });
}

void Claims::Look(const std::shared_ptr<Pending>& pending) {
  client_.Get(ClaimName(pending->ns, pending->object),
              [this, pending](const Result<ObjectText>& claim) {
                if (!claim.has_value()) {
                  return pending->done(claim.error());
                }
                AnswerFor(pending, *claim.value());
              });
}

/// An agent that waits, or that joined before it could say it, now says which machine it is.
void Claims::Correct(const std::shared_ptr<Pending>& pending) {
  pending->corrected = true;
  const json operations = json::array(
      {{{"op", "add"}, {"path", "/spec/providerID"}, {"value", pending->request.provider_id}}});
  client_.Patch(ClaimName(pending->ns, pending->object), operations.dump(),
                [this, pending](const Result<ObjectText>& patched) {
                  if (!patched.has_value()) {
                    return pending->done(patched.error());
                  }
                  Look(pending);
                });
}

void Claims::AnswerFor(const std::shared_ptr<Pending>& pending, const std::string& text) {
  const auto decoded = api::Decode<api::ServerClaim>(text);
  if (!decoded.has_value()) {
    return pending->done(decoded.error());
  }
  const api::ServerClaim& claim = decoded.value();
  if (claim.spec.key_hash != pending->signing.key_hash) {
    return pending->done(Fail(Code::kConflict, "another claim is called " + pending->object +
                                                   "; delete the agent's key and start it again"));
  }
  const std::string& machine = pending->request.provider_id;
  const bool may_say = claim.status.server.empty() || claim.spec.provider_id.empty();
  if (may_say && claim.spec.provider_id != machine && !pending->corrected) {
    return Correct(pending);
  }
  if (claim.status.server.empty()) {
    return pending->done(Answer(WaitingFor(claim)));
  }
  if (IsGood(claim.status.certificate, pki_.ca_pem(), clock_.Now())) {
    return pending->done(
        Answer(protocol::ClaimReply{.certificate = claim.status.certificate, .ca = pki_.ca_pem()}));
  }
  const auto certificate =
      pki_.SignAgent(pending->signing, pending->ns, claim.status.server, clock_.Now());
  if (!certificate.has_value()) {
    return pending->done(certificate.error());
  }
  api::ServerClaimStatus status = claim.status;
  status.certificate = certificate.value();
  client_.WriteStatus(
      ClaimName(pending->ns, pending->object), claim.metadata.uid, claim.metadata.resource_version,
      api::Encode(status),
      [this, pending, certificate = status.certificate](const Result<ObjectText>& written) {
        if (!written.has_value()) {
          // Somebody changed the claim meanwhile: what it says now decides, when the agent asks again.
          return pending->done(written.error().code == Code::kConflict
                                   ? Result<Answer>(Answer(protocol::ClaimWaiting{
                                         .reason = "Pending",
                                         .message = "the claim has just changed",
                                         .retry_after = kAskAgain}))
                                   : Result<Answer>(written.error()));
        }
        pending->done(
            Answer(protocol::ClaimReply{.certificate = certificate, .ca = pki_.ca_pem()}));
      });
}

}  // namespace slipway::gateway
