#include "src/cloud/aws/credentials/credential_sources.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::aws {
namespace {

using nlohmann::json;

bool IsPlain(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char letter) { return letter > 0x20 && letter < 0x7f; });
}

/// The first of several names that is set; empty where none is.
std::string FirstOf(const std::map<std::string, std::string>& values,
                    std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = Variable(values, name); !value.empty()) {
      return value;
    }
  }
  return "";
}

std::string TextOf(const json& tree, const std::string& name) {
  const auto at = tree.find(name);
  return at != tree.end() && at->is_string() ? at->get<std::string>() : "";
}

bool IsMissing(const json& tree, const std::string& name) {
  const auto at = tree.find(name);
  return at == tree.end() || at->is_null();
}

/// An answer that says in words why it holds no keys.
std::string WordsOf(const json& tree, const std::vector<std::string>& secrets) {
  const std::string code = TextOf(tree, "Code") + TextOf(tree, "code");
  const std::string message = TextOf(tree, "Message") + TextOf(tree, "message");
  return code.empty() || code == "Success" ? "" : Quoted(code + ": " + message, secrets);
}

}  // namespace

Result<Credentials> FixedCredentials::Get() {
  SLIPWAY_TRY(checked, Found(credentials_));
  return std::move(*checked.credentials);
}

Error Reworded(Error error, const std::string& message) {
  error.message = message;
  for (Cause& cause : error.causes) {
    cause.message = message;
  }
  return error;
}

std::string Named(const std::string& profile) { return "profile \"" + Quoted(profile, {}) + "\""; }

Result<Answer> Found(Credentials credentials) {
  if (credentials.key_id.empty() || credentials.secret.empty()) {
    return Fail(Code::kInvalid, std::string(credentials.key_id.empty() ? "the id of the key"
                                                                       : "the secret of the key") +
                                    " is empty");
  }
  for (const auto& [name, value] : {std::pair("the id of the key", &credentials.key_id),
                                    std::pair("the secret of the key", &credentials.secret),
                                    std::pair("the session token", &credentials.session_token)}) {
    if (!IsPlain(*value)) {
      return Fail(
          Code::kInvalid,
          std::string(name) + " holds a space or another character that none has: copy it again");
    }
  }
  return Answer{.credentials = std::move(credentials), .nothing = ""};
}

void Search::Ask(const std::string& name, const std::function<Result<Answer>()>& source) {
  if (!going()) {
    return;
  }
  auto answer = source();
  if (!answer.has_value()) {
    std::string said = name + ": " + answer.error().message;
    if (!tried_.empty()) {
      said += std::string(said.ends_with('.') ? "" : ".") + " Tried before it: " + tried_;
    }
    error_ = Reworded(answer.error(), said);
  } else if (answer.value().credentials) {
    credentials_ = std::move(answer.value().credentials);
  } else {
    tried_ += (tried_.empty() ? "" : "; ") + name + " (" + answer.value().nothing + ")";
  }
}

Result<Credentials> Search::End(const std::string& advice) const {
  if (error_) {
    return *error_;
  }
  if (!credentials_) {
    return Fail(Code::kUnauthorized, "tried, in this order: " + tried_ + ". " + advice);
  }
  return *credentials_;
}

Result<Credentials> StillValid(Credentials credentials, Time now) {
  if (credentials.expires && *credentials.expires <= now) {
    return Fail(Code::kUnauthorized,
                "the credentials from " + credentials.source + " ended at " +
                    api::FormatTime(*credentials.expires) + ", and it is " + api::FormatTime(now) +
                    " by the clock of this machine: renew them, or correct the clock");
  }
  return credentials;
}

Result<Answer> FromEnvironment(const Environment& environment) {
  Credentials made;
  made.key_id = Variable(environment, "AWS_ACCESS_KEY_ID");
  made.secret = Variable(environment, "AWS_SECRET_ACCESS_KEY");
  made.session_token = FirstOf(environment, {"AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"});
  made.source = "the environment";
  if (made.key_id.empty()) {
    return Nothing("AWS_ACCESS_KEY_ID is not set");
  }
  if (made.secret.empty()) {
    return Fail(Code::kInvalid,
                "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both or neither");
  }
  if (const std::string ends = Variable(environment, "AWS_CREDENTIAL_EXPIRATION"); !ends.empty()) {
    const auto time = api::ParseTime(ends);
    if (!time.has_value()) {
      return Fail(Code::kInvalid,
                  "AWS_CREDENTIAL_EXPIRATION is no time such as 2026-11-24T02:15:00Z");
    }
    made.expires = time.value();
  }
  return Found(std::move(made));
}

Result<Answer> FromKeys(const ProfileFile& file, const std::string& profile) {
  const auto at = file.profiles.find(profile);
  if (at == file.profiles.end()) {
    return Nothing(file.found ? "it has no such profile" : "no such file");
  }
  Credentials made;
  made.key_id = Variable(at->second, "aws_access_key_id");
  made.secret = Variable(at->second, "aws_secret_access_key");
  made.session_token = FirstOf(at->second, {"aws_security_token", "aws_session_token"});
  made.source = Named(profile) + " of " + file.path;
  if (made.key_id.empty()) {
    return Nothing("it sets no aws_access_key_id");
  }
  if (made.secret.empty()) {
    return Fail(Code::kInvalid,
                Named(profile) + " sets aws_access_key_id and no aws_secret_access_key: set both");
  }
  return Found(std::move(made));
}

Result<Credentials> ReadCredentials(std::string_view text, const JsonForm& form,
                                    const std::vector<std::string>& secrets) {
  const json tree = ReadJson(text);
  if (!tree.is_object()) {
    return Fail(Code::kInvalid, "the answer is no JSON object");
  }
  if (const std::string words = WordsOf(tree, secrets); form.may_be_quoted && !words.empty()) {
    return Fail(Code::kForbidden, words);
  }
  for (const std::string& name : {std::string("AccessKeyId"), std::string("SecretAccessKey"),
                                  form.token, std::string("Expiration")}) {
    const bool may_lack = form.lasting && (name == form.token || name == "Expiration");
    if (TextOf(tree, name).empty() && !(may_lack && IsMissing(tree, name))) {
      return Fail(Code::kInvalid, "the answer has no " + name);
    }
  }
  Credentials made;
  made.key_id = TextOf(tree, "AccessKeyId");
  made.secret = TextOf(tree, "SecretAccessKey");
  made.session_token = TextOf(tree, form.token);
  if (!IsMissing(tree, "Expiration")) {
    const auto time = api::ParseTime(TextOf(tree, "Expiration"));
    if (!time.has_value()) {
      return Fail(Code::kInvalid,
                  "the Expiration in the answer is no time such as 2026-11-24T02:15:00Z");
    }
    made.expires = time.value();
  }
  return made;
}

}  // namespace slipway::cloud::aws
