#include "src/apiserver/access/access_tokens.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/digest.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/pki/secret.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

constexpr std::string_view kPrefix = "slipway.";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTaken = 256;

const objects::KindInfo* TokenKind() {
  static const objects::KindInfo* const kKind =
      objects::FindByKind("access.slipway.dev/v1alpha1", "AccessToken");
  return kKind;
}

const objects::KindInfo* HashKind() {
  static const objects::KindInfo* const kKind = &objects::HiddenKinds().front();
  return kKind;
}

ObjectPath HashPath(const std::string& uid) { return {.kind = HashKind(), .ns = "", .name = uid}; }

/// The name in a secret; empty where it is none of ours.
std::string NameInSecret(std::string_view secret) {
  if (!secret.starts_with(kPrefix)) {
    return "";
  }
  secret.remove_prefix(kPrefix.size());
  return std::string(secret.substr(0, secret.rfind('.')));
}

std::string TextIn(const Json& tree, const char* field) {
  const auto found = tree.find(field);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : "";
}

Error NotKnown() { return Fail(Code::kUnauthorized, "Unauthorized"); }

}  // namespace

AccessTokens::AccessTokens(Registry& registry, const Clock& clock)
    : registry_(registry), clock_(clock) {}

AccessTokens::~AccessTokens() = default;

void AccessTokens::Forget(const std::string& uid) {
  hashes_.erase(uid);
  registry_.Delete(HashPath(uid), {}, {}, [](const Result<Deleted>&) {});
  std::vector<std::shared_ptr<Listener>> told;
  const auto [first, last] = listeners_.equal_range(uid);
  for (auto at = first; at != last; ++at) {
    if (auto listener = at->second.lock()) {
      told.push_back(std::move(listener));
    }
  }
  listeners_.erase(first, last);
  for (const auto& listener : told) {
    (*listener)();
  }
}

void AccessTokens::LearnToken(const Object& object, bool there) {
  const auto tree = ParseObject(object);
  if (!tree.has_value()) {
    return;
  }
  const Json& spec = tree.value()["spec"];
  const std::string name = TextIn(tree.value()["metadata"], "name");
  Known known{.uid = TextIn(tree.value()["metadata"], "uid"),
              .role = RoleNamed(TextIn(spec, "role")),
              .ns = TextIn(spec, "namespace"),
              .expires = std::nullopt};
  const bool gone = !there || tree.value()["metadata"].contains("deletionTimestamp");
  if (spec.contains("expires")) {
    // What cannot be read must not be for ever.
    const auto expires = api::ParseTime(TextIn(spec, "expires"));
    known.expires = expires.has_value() ? expires.value() : Time();
  }
  const auto before = tokens_.find(name);
  if (before != tokens_.end() && (gone || before->second.uid != known.uid)) {
    const std::string uid = before->second.uid;
    tokens_.erase(before);
    Forget(uid);
  }
  if (!gone) {
    tokens_.insert_or_assign(name, std::move(known));
  }
}

void AccessTokens::LearnHash(const Object& object, bool there) {
  const auto tree = ParseObject(object);
  if (!tree.has_value()) {
    return;
  }
  const std::string uid = TextIn(tree.value()["metadata"], "name");
  if (there) {
    hashes_[uid] = TextIn(tree.value(), "sha256");
  } else {
    hashes_.erase(uid);
  }
}

/// Hashes are listed before tokens: one whose token is not there then has lost it.
Result<void> AccessTokens::Reload() {
  const ObjectPath all_hashes{.kind = HashKind(), .ns = "", .name = ""};
  const ObjectPath all_tokens{.kind = TokenKind(), .ns = "", .name = ""};
  SLIPWAY_TRY(hashes, registry_.List(all_hashes, {}));
  SLIPWAY_TRY(tokens, registry_.List(all_tokens, {}));
  const auto news = [this] { (void)Refresh(); };
  SLIPWAY_TRY(of_hashes, registry_.StartWatch(all_hashes, {}, hashes.revision, news));
  SLIPWAY_TRY(of_tokens, registry_.StartWatch(all_tokens, {}, tokens.revision, news));
  hashes_.clear();
  for (const Object& object : hashes.items) {
    LearnHash(object, true);
  }
  std::map<std::string, Known> before = std::exchange(tokens_, {});
  for (const Object& object : tokens.items) {
    LearnToken(object, true);
  }
  hashes_watch_ = std::move(of_hashes);
  tokens_watch_ = std::move(of_tokens);
  std::map<std::string, bool> alive;
  for (const auto& [name, known] : tokens_) {
    alive[known.uid] = true;
  }
  std::vector<std::string> gone;
  for (const auto& [uid, hash] : hashes_) {
    if (!alive.contains(uid)) {
      gone.push_back(uid);
    }
  }
  for (const auto& [name, known] : before) {
    if (!alive.contains(known.uid) && !hashes_.contains(known.uid)) {
      gone.push_back(known.uid);
    }
  }
  for (const std::string& uid : gone) {
    Forget(uid);
  }
  return Ok();
}

Result<bool> AccessTokens::TakeHashes() {
  SLIPWAY_TRY(batch, hashes_watch_->Take(kTaken));
  for (const ObjectWatch::Change& change : batch.changes) {
    LearnHash(change.object, change.type != ObjectWatch::Type::kDeleted);
  }
  return batch.more;
}

Result<bool> AccessTokens::TakeTokens() {
  SLIPWAY_TRY(batch, tokens_watch_->Take(kTaken));
  for (const ObjectWatch::Change& change : batch.changes) {
    LearnToken(change.object, change.type != ObjectWatch::Type::kDeleted);
  }
  return batch.more;
}

/// Takes in everything that has been committed. Where that cannot be known nobody is let in.
Result<void> AccessTokens::Refresh() {
  if (tokens_watch_ == nullptr) {
    SLIPWAY_TRYV(Reload());
  }
  // Also right after a start: only who has taken everything is told of news.
  for (const auto take : {&AccessTokens::TakeHashes, &AccessTokens::TakeTokens}) {
    Result<bool> more = true;
    while (more.has_value() && more.value()) {
      more = (this->*take)();
    }
    if (!more.has_value()) {
      tokens_watch_.reset();  // history was compacted under it
      hashes_watch_.reset();
      return Reload();
    }
  }
  return Ok();
}

Result<User> AccessTokens::Find(const std::string& secret) {
  SLIPWAY_TRYV(Refresh());
  const std::string name = NameInSecret(secret);
  const auto token = tokens_.find(name);
  if (token == tokens_.end()) {
    return NotKnown();
  }
  const Known& known = token->second;
  const auto hash = hashes_.find(known.uid);
  if (hash == hashes_.end() || !EqualSecrets(hash->second, Sha256Hex(secret)) ||
      (known.expires && clock_.Now() >= *known.expires)) {
    return NotKnown();
  }
  User user{.name = name,
            .uid = known.uid,
            .groups = {"slipway:access-tokens", "system:authenticated"},
            .role = known.role,
            .ns = known.ns,
            .token = known.uid,
            .expires = known.expires};
  if (!known.ns.empty()) {
    user.extra["slipway.dev/namespace"] = {known.ns};
  }
  user.extra["slipway.dev/role"] = {NameOf(known.role)};
  return user;
}

std::shared_ptr<void> AccessTokens::OnRevoked(const User& user, std::function<void()> ended) {
  if (user.token.empty()) {
    return nullptr;
  }
  const auto token = tokens_.find(user.name);
  if (token == tokens_.end() || token->second.uid != user.token) {
    ended();
    return nullptr;
  }
  const auto [first, last] = listeners_.equal_range(user.token);
  for (auto at = first; at != last;) {
    at = at->second.expired() ? listeners_.erase(at) : std::next(at);
  }
  auto listener = std::make_shared<Listener>(std::move(ended));
  listeners_.emplace(user.token, listener);
  return listener;
}

void AccessTokens::Issue(const std::string& name, const std::string& uid,
                         std::function<void(Result<std::string>)> done) {
  const auto random = RandomHex(kSecretBytes);
  if (!random.has_value()) {
    return done(random.error());
  }
  const std::string secret = std::string(kPrefix) + name + "." + random.value();
  const Json hash = {{"metadata", {{"name", uid}}}, {"sha256", Sha256Hex(secret)}};
  registry_.Create({.kind = HashKind(), .ns = "", .name = ""}, PrintJson(hash), {},
                   [secret, done = std::move(done)](const Result<Written>& written) {
                     if (written.has_value()) {
                       done(secret);
                     } else {
                       done(written.error());
                     }
                   });
}

}  // namespace slipway::apiserver
