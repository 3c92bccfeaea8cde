#include "src/apiserver/access/audited_exchange.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/request/request_options.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

constexpr std::size_t kMaxId = 64;
constexpr std::size_t kMaxAgent = 256;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kInternal = 500;

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxId &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char letter) { return std::isalnum(letter) || letter == '-'; });
}

std::string RandomId(Rng& rng) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (const char place : std::string_view("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx")) {
    id += place == 'x' ? kDigits[rng.Below(kDigits.size())] : place;
  }
  return id;
}

/// The beginning of what a stranger may have made long, so that nobody fills the log with few requests.
std::string Beginning(const std::string& text) {
  constexpr std::size_t kMost = 512;
  return text.size() > kMost ? text.substr(0, kMost) + "…" : text;
}

/// Path and query, the latter without values that somebody may have taken for a good place of a secret.
std::string ShownTarget(const http::RequestHead& head) {
  std::string target = head.path;
  char separator = '?';
  for (const auto& [name, value] : head.query) {
    const bool shown = IsOneOf(
        name, {"allowWatchBookmarks", "dryRun", "fieldManager", "fieldSelector", "fieldValidation",
               "force", "labelSelector", "limit", "propagationPolicy", "resourceVersion",
               "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"});
    target += separator + name + "=" + (shown ? value : "(hidden)");
    separator = '&';
  }
  return Beginning(target);
}

bool IsAudited(const Attributes& wanted, int status) {
  if (status == kUnauthorized || status == kForbidden) {
    return true;
  }
  if (wanted.resource.empty() || wanted.resource.starts_with("selfsubject")) {
    return false;
  }
  return IsOneOf(wanted.resource, {"secrets", "accesstokens"}) ||
         !IsOneOf(wanted.verb, {"get", "list", "watch"});
}

json UserTree(const std::optional<User>& user) {
  json tree = json::object();
  if (user) {
    tree = {{"username", user->name}, {"groups", user->groups}};
    if (!user->uid.empty()) {
      tree["uid"] = user->uid;
    }
    if (!user->extra.empty()) {
      tree["extra"] = user->extra;
    }
  }
  return tree;
}

/// Which object; of a new one its name is in the answer only.
json ObjectTree(const Attributes& wanted, const http::Response& response) {
  json tree = {{"resource", wanted.resource}, {"apiVersion", wanted.version}};
  std::string name = wanted.name;
  if (name.empty() && wanted.verb == "create") {
    const json::json_pointer place(response.status < 300 ? "/metadata/name" : "/details/name");
    const auto answer = objects::ReadParts(response.body, {place.to_string()});
    const json found = answer.has_value() ? answer.value().value(place, json()) : json();
    name = found.is_string() ? found.get<std::string>() : "";
  }
  for (const auto& [field, value] : {std::pair{"apiGroup", wanted.group},
                                     {"namespace", wanted.ns},
                                     {"name", name},
                                     {"subresource", wanted.subresource}}) {
    if (!value.empty()) {
      tree[field] = Beginning(value);
    }
  }
  return tree;
}

}  // namespace

AuditedExchange::AuditedExchange(std::shared_ptr<http::Exchange> inner, AuditLog* log,
                                 const Clock& clock, Rng& rng)
    : inner_(std::move(inner)),
      log_(log),
      clock_(clock),
      received_(clock.Now()),
      begin_(std::chrono::steady_clock::now()),
      id_(inner_->head().Header("audit-id")),
      dry_run_(inner_->head().HasQuery("dryRun") && inner_->head().method != "GET" &&
               inner_->head().method != "HEAD") {
  if (!IsId(id_)) {
    id_ = RandomId(rng);
  }
}

AuditedExchange::~AuditedExchange() {
  if (!logged_) {
    http::Response none;
    none.status = kInternal;
    Log(none, "Panic");
  }
}

asio::awaitable<Result<std::string>> AuditedExchange::ReadBody(std::size_t limit) {
  auto body = co_await inner_->ReadBody(limit);
  if (body.has_value() && welcome_ && !welcome_()) {
    co_return Fail(Code::kUnauthorized, "Unauthorized");
  }
  // kubectl says `delete --dry-run` in the body only.
  if (body.has_value() && attributes_ && attributes_->verb.starts_with("delete")) {
    const auto wish = DeleteWishOf(head(), body.value());
    dry_run_ = dry_run_ || (wish.has_value() && wish.value().dry_run);
  }
  co_return body;
}

asio::awaitable<Result<void>> AuditedExchange::Respond(http::Response response) {
  Log(response, "ResponseComplete");
  response.headers.emplace_back("Audit-Id", id_);
  co_return co_await inner_->Respond(std::move(response));
}

asio::awaitable<Result<void>> AuditedExchange::BeginStream(http::Response response) {
  Log(response, "ResponseStarted");
  response.headers.emplace_back("Audit-Id", id_);
  co_return co_await inner_->BeginStream(std::move(response));
}

void AuditedExchange::Log(const http::Response& response, const char* stage) {
  logged_ = true;
  const Attributes wanted = attributes_.value_or(Attributes{.verb = head().method});
  if (log_ == nullptr || !IsAudited(wanted, response.status)) {
    return;
  }
  const std::chrono::duration<double, std::milli> latency =
      std::chrono::steady_clock::now() - begin_;
  json annotations = {{"apiserver.latency.k8s.io/total", std::to_string(latency.count()) + "ms"}};
  if (decision_) {
    annotations["authorization.k8s.io/decision"] = decision_->allowed ? "allow" : "forbid";
    annotations["authorization.k8s.io/reason"] = decision_->reason;
  }
  if (dry_run_) {
    annotations["slipway.dev/dry-run"] = "true";
  }
  json event = {{"kind", "Event"},
                {"apiVersion", "audit.k8s.io/v1"},
                {"level", "Metadata"},
                {"auditID", id_},
                {"stage", stage},
                {"requestURI", ShownTarget(head())},
                {"verb", wanted.verb},
                {"user", UserTree(user_)},
                {"sourceIPs", {peer().address}},
                {"userAgent", head().Header("user-agent").substr(0, kMaxAgent)},
                {"responseStatus", {{"metadata", json::object()}, {"code", response.status}}},
                {"requestReceivedTimestamp", api::FormatTime(received_)},
                {"stageTimestamp", api::FormatTime(clock_.Now())},
                {"annotations", std::move(annotations)}};
  if (!wanted.resource.empty()) {
    event["objectRef"] = ObjectTree(wanted, response);
  }
  log_->Add(PrintJson(event));
}

}  // namespace slipway::apiserver
