#include "src/cloud/gcp/credentials/key_file.hpp"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/signed_jwt.hpp"
#include "src/cloud/text.hpp"
#include "src/objects/url.hpp"

namespace slipway::cloud::gcp {
namespace {

using nlohmann::json;

constexpr const char* kGoogleTokens = "https://oauth2.googleapis.com/token";

Result<void> CheckUrl(const std::string& name, const std::string& url) {
  if (!objects::IsSafeUrl(url)) {
    return Fail(Code::kInvalid, "its " + name + " is no https:// URL");
  }
  return Ok();
}

/// That each is a text, and not an empty one.
Result<void> CheckTexts(const json& tree, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (TextAt(tree, name).empty()) {
      return Fail(Code::kInvalid, std::string("it has no ") + name);
    }
  }
  return Ok();
}

Result<KeyFile> ReadServiceAccount(const json& tree) {
  SLIPWAY_TRYV(CheckTexts(tree, {"client_email", "private_key"}));
  ServiceAccountKey key{.email = TextAt(tree, "client_email"),
                        .key_id = TextAt(tree, "private_key_id"),
                        .pem = TextAt(tree, "private_key"),
                        .token_url = TextAt(tree, "token_uri"),
                        .quota_project = TextAt(tree, "quota_project_id")};
  if (key.token_url.empty()) {
    key.token_url = kGoogleTokens;
  }
  SLIPWAY_TRYV(CheckUrl("token_uri", key.token_url));
  if (IsEncryptedPem(key.pem)) {
    return Fail(Code::kInvalid,
                "its private_key is encrypted, and nobody is there to say with what");
  }
  return KeyFile(std::move(key));
}

Result<KeyFile> ReadUser(const json& tree) {
  SLIPWAY_TRYV(CheckTexts(tree, {"client_id", "client_secret", "refresh_token"}));
  AuthorizedUser user{.client_id = TextAt(tree, "client_id"),
                      .client_secret = TextAt(tree, "client_secret"),
                      .refresh_token = TextAt(tree, "refresh_token"),
                      .token_url = TextAt(tree, "token_uri"),
                      .quota_project = TextAt(tree, "quota_project_id")};
  if (user.token_url.empty()) {
    user.token_url = kGoogleTokens;
  }
  SLIPWAY_TRYV(CheckUrl("token_uri", user.token_url));
  return KeyFile(std::move(user));
}

Result<void> ReadSource(const json& source, ExternalAccount& account) {
  account.file = TextAt(source, "file");
  account.url = TextAt(source, "url");
  if (account.file.empty() == account.url.empty() || !TextAt(source, "environment_id").empty()) {
    return Fail(Code::kInvalid,
                "its credential_source must be a file or a url: a program, a certificate or AWS is "
                "nothing that Slipway asks");
  }
  if (!account.url.empty()) {
    // The services that give such tokens are on the machine or in its network, where http is usual.
    if (!account.url.starts_with("http://") && !account.url.starts_with("https://")) {
      return Fail(Code::kInvalid, "the url of its credential_source is no http:// or https:// URL");
    }
    for (const auto& [name, value] : At(source, "headers").items()) {
      account.headers[name] = value.is_string() ? value.get<std::string>() : "";
    }
  }
  const json& format = At(source, "format");
  const std::string type = TextAt(format, "type");
  if (type == "json") {
    account.field = TextAt(format, "subject_token_field_name");
    if (account.field.empty()) {
      return Fail(Code::kInvalid,
                  "the format of its credential_source has no "
                  "subject_token_field_name");
    }
  } else if (!type.empty() && type != "text") {
    return Fail(Code::kInvalid, "the format of its credential_source is neither text nor json");
  }
  return Ok();
}

Result<KeyFile> ReadExternal(const json& tree) {
  SLIPWAY_TRYV(CheckTexts(tree, {"audience", "subject_token_type", "token_url"}));
  ExternalAccount account;
  account.audience = TextAt(tree, "audience");
  account.subject_token_type = TextAt(tree, "subject_token_type");
  account.token_url = TextAt(tree, "token_url");
  account.impersonation_url = TextAt(tree, "service_account_impersonation_url");
  account.quota_project = TextAt(tree, "quota_project_id");
  SLIPWAY_TRYV(CheckUrl("token_url", account.token_url));
  if (!account.impersonation_url.empty()) {
    SLIPWAY_TRYV(CheckUrl("service_account_impersonation_url", account.impersonation_url));
  }
  SLIPWAY_TRYV(ReadSource(At(tree, "credential_source"), account));
  return KeyFile(std::move(account));
}

}  // namespace

Result<KeyFile> ReadKeyFile(const std::string& text) {
  const json tree = ReadJson(text);
  if (!tree.is_object()) {
    return Fail(Code::kInvalid, "it is no JSON object");
  }
  const std::string type = TextAt(tree, "type");
  if (type == "service_account") {
    return ReadServiceAccount(tree);
  }
  if (type == "authorized_user") {
    return ReadUser(tree);
  }
  if (type == "external_account") {
    return ReadExternal(tree);
  }
  if (type.empty()) {
    return Fail(Code::kInvalid, "it has no type");
  }
  return Fail(Code::kInvalid, "its type is " + Quoted(type.substr(0, 60), {}) +
                                  ", and not service_account, authorized_user or "
                                  "external_account");
}

}  // namespace slipway::cloud::gcp
