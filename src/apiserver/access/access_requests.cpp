#include "src/apiserver/access/access_requests.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/apiserver/access/reviews.hpp"
#include "src/apiserver/pki/pki.hpp"
#include "src/apiserver/registry/guard.hpp"
#include "src/apiserver/request/request_options.hpp"
#include "src/http/await.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using objects::Json;

constexpr std::string_view kTokenKind = "AccessToken";

User CertificateUser(const http::Peer& peer) {
  User user{.name = peer.common_name, .groups = peer.organisations};
  const bool master =
      std::find(user.groups.begin(), user.groups.end(), kMastersGroup) != user.groups.end();
  user.role = master ? Role::kAdmin : Role::kNone;
  user.extra["authentication.kubernetes.io/credential-id"] = {"X509SHA256=" +
                                                              peer.certificate_hash};
  user.groups.emplace_back("system:authenticated");
  return user;
}

/// The token of `Authorization: Bearer …`; empty where there is none.
std::string BearerToken(const http::RequestHead& head) {
  constexpr std::string_view kScheme = "bearer ";
  std::string value = head.Header("authorization");
  value.erase(0, value.find_first_not_of(" \t"));
  std::string scheme = value.substr(0, kScheme.size());
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char letter) { return std::tolower(letter); });
  if (scheme != kScheme) {
    return "";
  }
  value.erase(0, kScheme.size());
  return value.substr(0, value.find(' '));
}

/// The answer to the creation of an AccessToken, with its secret.
http::Response WithSecret(http::Response response, const std::string& secret) {
  Json tree = ReadJson(response.body);
  tree["status"]["token"] = secret;
  response.body = PrintJson(tree);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

Result<User> Identify(const http::Exchange& exchange, AccessTokens& tokens) {
  if (exchange.peer().has_certificate) {
    return CertificateUser(exchange.peer());
  }
  const std::string secret = BearerToken(exchange.head());
  if (secret.empty()) {
    return Fail(Code::kUnauthorized, "Unauthorized");
  }
  return Guarded([&] { return tokens.Find(secret); });
}

bool AccessRequests::Takes(const std::string& verb, const Route& route) {
  return verb == "create" && route.path.kind != nullptr &&
         (IsReview(*route.path.kind) || route.path.kind->kind == kTokenKind);
}

asio::awaitable<http::Response> AccessRequests::Answer(std::shared_ptr<http::Exchange> exchange,
                                                       Route route, User user) const {
  if (route.path.kind->kind == kTokenKind) {
    co_return co_await CreateToken(std::move(exchange), std::move(route), std::move(user));
  }
  auto text = co_await exchange->ReadBody(std::numeric_limits<std::size_t>::max());
  if (text.has_value()) {
    text = ObjectTextOf(exchange->head(), std::move(text.value()), *route.path.kind);
  }
  if (text.has_value()) {
    text =
        Guarded([&] { return AnswerReview(*route.path.kind, text.value(), user, clock->Now()); });
  }
  if (!text.has_value()) {
    co_return Failure(text.error(), &route.path);
  }
  http::Response response;
  response.status = 201;
  response.body = std::move(text.value());
  co_return response;
}

/// The object first, then its secret: what ends between the two leaves a token that opens nothing.
asio::awaitable<http::Response> AccessRequests::CreateToken(
    std::shared_ptr<http::Exchange> exchange, Route route, User user) const {
  const auto form = TableOf(exchange->head());
  if (form.has_value() && form.value().has_value()) {
    const Error error = Fail(Code::kBadRequest, "a new AccessToken is not shown as a table");
    co_return Failure(error, &route.path);
  }
  const bool dry_run = exchange->head().HasQuery("dryRun");
  http::Response response = co_await objects->Answer(exchange, "create", route, std::move(user));
  if (response.status != 201 || dry_run) {
    co_return response;
  }
  const Json metadata = ReadJson(response.body)["metadata"];
  const std::string name = metadata["name"];
  std::function<void(std::function<void(Result<std::string>)>)> start =
      [this, name,
       uid = metadata["uid"].get<std::string>()](std::function<void(Result<std::string>)> done) {
        tokens->Issue(name, uid, std::move(done));
      };
  const auto secret = co_await http::AwaitCallback<Result<std::string>>(std::move(start));
  if (!secret.has_value()) {
    route.path.name = name;
    registry->Delete(route.path, {}, {}, [](const Result<Deleted>&) {});
    co_return Failure(secret.error(), &route.path);
  }
  co_return WithSecret(std::move(response), secret.value());
}

}  // namespace slipway::apiserver
