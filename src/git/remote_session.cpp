#include "src/git/remote_session.hpp"

#include <strings.h>

#include <cctype>
#include <string_view>
#include <utility>

#include "src/git/address_certificate.hpp"
#include "src/git/known_hosts.hpp"
#include "src/git/problem.hpp"
#include "src/git/ssh_key.hpp"

namespace slipway::git {
namespace {

constexpr std::string_view kStatusMessage = "unexpected http status code: ";

/// Remotes' own words may end in a line break, and be long.
std::string OneLine(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.pop_back();
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20) letter = ' ';
  }
  return text.substr(0, 500);
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

RemoteSession::RemoteSession(const FetchRequest& request, Url url, std::string authorities_file)
    : request_(request), url_(std::move(url)), authorities_file_(std::move(authorities_file)) {
  if (!request_.credentials.bearer_token.empty() && url_.scheme == Scheme::kHttps) {
    authorization_ = "Authorization: Bearer " + request_.credentials.bearer_token;
    authorization_pointer_ = authorization_.data();
  }
}

Result<void> RemoteSession::CheckCredentials() const {
  const Credentials& credentials = request_.credentials;
  if (credentials.bearer_token.find_first_of("\r\n") != std::string::npos) {
    return MakeError(Problem::kUnauthorized, "the bearer token of the Secret holds a line break");
  }
  if (url_.scheme != Scheme::kSsh) return Ok();
  if (credentials.ssh_private_key.empty()) {
    return MakeError(
        Problem::kUnauthorized,
        "an ssh URL needs a private key and known_hosts: put both into the Secret that "
        "spec.secretRef names");
  }
  if (credentials.known_hosts.empty()) {
    return MakeError(Problem::kHostKeyMismatch,
                     "an ssh URL needs known_hosts, to know the server by: put what `ssh-keyscan " +
                         url_.host +
                         "` prints, once compared with what the git host publishes, "
                         "into the Secret");
  }
  return CheckSshKey(credentials.ssh_private_key);
}

git_remote_callbacks RemoteSession::Callbacks() {
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  callbacks.credentials = OnCredentials;
  callbacks.certificate_check = OnCertificate;
  callbacks.transfer_progress = OnProgress;
  callbacks.payload = this;
  return callbacks;
}

git_remote_connect_options RemoteSession::ConnectOptions() {
  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  options.callbacks = Callbacks();
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  if (authorization_pointer_ != nullptr) options.custom_headers = {&authorization_pointer_, 1};
  return options;
}

git_fetch_options RemoteSession::FetchOptions() {
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = Callbacks();
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.update_fetchhead = 0;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  if (authorization_pointer_ != nullptr) options.custom_headers = {&authorization_pointer_, 1};
  return options;
}

int RemoteSession::OnCredentials(git_credential** out, const char* url, const char*,
                                 unsigned allowed, void* self) {
  return static_cast<RemoteSession*>(self)->GiveCredentials(out, url, allowed);
}

int RemoteSession::OnCertificate(git_cert* certificate, int valid, const char* host, void* self) {
  return static_cast<RemoteSession*>(self)->JudgeCertificate(certificate, valid != 0, host);
}

int RemoteSession::OnProgress(const git_indexer_progress* progress, void* self) {
  RemoteSession& session = *static_cast<RemoteSession*>(self);
  session.received_bytes_ = progress->received_bytes;
  session.received_objects_ = progress->received_objects;
  const FetchLimits& limits = session.request_.limits;
  bool large = limits.received_bytes != 0 && progress->received_bytes > limits.received_bytes;
  bool many = limits.objects != 0 && progress->total_objects > limits.objects;
  if (!large && !many) return 0;
  return session.Refuse(Problem::kTooLarge,
                        "the repository is larger than one fetch may be (" +
                            std::to_string(limits.received_bytes) + " bytes, " +
                            std::to_string(limits.objects) +
                            " objects): use a smaller repository, or raise the server's limit",
                        GIT_EUSER);
}

int RemoteSession::Refuse(Problem problem, std::string message, int code) {
  if (!refusal_) refusal_ = MakeError(problem, std::move(message));
  return code;
}

std::string RemoteSession::User() const {
  if (!url_.user.empty()) return url_.user;
  return request_.credentials.username.empty() ? "git" : request_.credentials.username;
}

int RemoteSession::GiveCredentials(git_credential** out, const char* url, unsigned allowed) {
  const Credentials& credentials = request_.credentials;
  auto asking = ParseUrl(url == nullptr ? "" : url);
  bool ours = asking.has_value() && asking.value().scheme == url_.scheme &&
              asking.value().host == url_.host && asking.value().port == url_.port;
  if (!ours) {
    return Refuse(Problem::kUnauthorized,
                  "another host than the URL's asked for the credentials; it was given none",
                  GIT_EAUTH);
  }
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0 && url_.scheme == Scheme::kSsh) {
    return git_credential_username_new(out, User().c_str());
  }
  if (asked_++ > 0) {
    return Refuse(Problem::kUnauthorized,
                  url_.host +
                      " refused the credentials: renew those in the Secret, and see that "
                      "they may read this repository",
                  GIT_EAUTH);
  }
  if ((allowed & GIT_CREDENTIAL_SSH_MEMORY) != 0 && url_.scheme == Scheme::kSsh) {
    return git_credential_ssh_key_memory_new(out, User().c_str(), nullptr,
                                             credentials.ssh_private_key.c_str(),
                                             credentials.ssh_passphrase.c_str());
  }
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && url_.scheme == Scheme::kHttps &&
      !credentials.password.empty()) {
    return git_credential_userpass_plaintext_new(out, credentials.username.c_str(),
                                                 credentials.password.c_str());
  }
  if (!authorization_.empty()) {
    return Refuse(Problem::kUnauthorized,
                  url_.host + " refused the bearer token: renew the one in the Secret", GIT_EAUTH);
  }
  return Refuse(Problem::kUnauthorized,
                url_.host +
                    " wants credentials of a kind that the Secret does not hold: name a Secret "
                    "with a username and a password, or an ssh key, in spec.secretRef",
                GIT_EAUTH);
}

int RemoteSession::JudgeCertificate(const git_cert* certificate, bool valid, const char* host) {
  const bool asked_about_ours = host != nullptr && ::strcasecmp(host, url_.host.c_str()) == 0;
  if (certificate != nullptr && certificate->cert_type == GIT_CERT_HOSTKEY_LIBSSH2 &&
      url_.scheme == Scheme::kSsh && asked_about_ours) {
    return JudgeHostKey(*reinterpret_cast<const git_cert_hostkey*>(certificate));
  }
  if (certificate != nullptr && certificate->cert_type == GIT_CERT_X509 &&
      url_.scheme == Scheme::kHttps && asked_about_ours) {
    const auto& shown = *reinterpret_cast<const git_cert_x509*>(certificate);
    const std::string_view bytes(static_cast<const char*>(shown.data), shown.len);
    if (valid || VerifiesForAddress(bytes, authorities_file_, url_.host)) return 0;
  }
  const std::string signer = request_.credentials.ca_certificates.empty()
                                 ? "a CA that the system trusts, or by one given in the Secret"
                                 : "the CA in the Secret";
  return Refuse(Problem::kCertificateInvalid,
                "the certificate of " + url_.host + " does not verify: it must be in date, name " +
                    url_.host + ", and be signed by " + signer,
                GIT_ECERTIFICATE);
}

int RemoteSession::JudgeHostKey(const git_cert_hostkey& key) {
  if ((key.type & GIT_CERT_SSH_RAW) == 0) {
    return Refuse(Problem::kHostKeyMismatch, url_.host + " showed no host key", GIT_ECERTIFICATE);
  }
  switch (CheckHostKey(request_.credentials.known_hosts, url_.host, url_.port,
                       {key.hostkey, key.hostkey_len})) {
    case HostKeyVerdict::kKnown:
      return 0;
    case HostKeyVerdict::kUnknownHost:
      return Refuse(Problem::kHostKeyMismatch,
                    "known_hosts in the Secret has no line for " + url_.host +
                        (url_.port.empty() ? "" : " and port " + url_.port) +
                        ": add what `ssh-keyscan` prints, once compared with what the git host "
                        "publishes",
                    GIT_ECERTIFICATE);
    case HostKeyVerdict::kOtherKey:
      return Refuse(
          Problem::kHostKeyMismatch,
          "the host key of " + url_.host +
              " is not the one in known_hosts: somebody may be "
              "in between. If the host's key was really changed, put the new one into the Secret",
          GIT_ECERTIFICATE);
    case HostKeyVerdict::kRevoked:
      return Refuse(Problem::kHostKeyMismatch,
                    "the host key of " + url_.host + " is marked @revoked in known_hosts",
                    GIT_ECERTIFICATE);
  }
  return GIT_ECERTIFICATE;
}

std::string RemoteSession::Redact(std::string text) const {
  const Credentials& credentials = request_.credentials;
  for (const std::string* secret : {&credentials.password, &credentials.bearer_token,
                                    &credentials.ssh_passphrase, &credentials.ssh_private_key}) {
    if (secret->empty()) continue;
    for (std::size_t at = text.find(*secret); at != std::string::npos;
         at = text.find(*secret, at)) {
      text.replace(at, secret->size(), "***");
      at += 3;
    }
  }
  return RedactUserInfo(std::move(text));
}

Error RemoteSession::Explain(int code) const {
  if (refusal_) return MakeError(ProblemOf(*refusal_), Redact(refusal_->message));
  const git_error* last = git_error_last();
  const std::string said = OneLine(Redact(lib::LastMessage()));
  const std::string host = url_.scheme == Scheme::kFile ? "the repository" : url_.host;
  const int about = last == nullptr ? GIT_ERROR_NONE : last->klass;
  if (Contains(said, "redirect")) {
    return MakeError(Problem::kRedirected,
                     host +
                         " redirects elsewhere, which is not followed, so that "
                         "credentials go to no other host: use the final URL");
  }
  if (std::size_t at = said.find(kStatusMessage); at != std::string::npos) {
    const std::string status = said.substr(at + kStatusMessage.size());
    if (status == "401" || status == "403") {
      return MakeError(Problem::kUnauthorized,
                       host + " refuses access (HTTP " + status +
                           "): see that the "
                           "credentials in the Secret may read this repository");
    }
    if (status == "404" || status == "410") {
      return MakeError(
          Problem::kRepositoryNotFound,
          host + " knows no such repository (HTTP " + status +
              "), or hides it: correct spec.url, or give credentials that may read it");
    }
    return MakeError(Problem::kUnreachable,
                     host + " answered HTTP " + status + ": the next poll tries again");
  }
  if (code == GIT_EAUTH || Contains(said, "authenticat")) {
    return MakeError(
        Problem::kUnauthorized,
        host + " refused the credentials (" + said +
            "): renew those in the Secret, and see that they may read this repository");
  }
  if (code == GIT_ECERTIFICATE) {
    return MakeError(Problem::kCertificateInvalid,
                     "the TLS handshake with " + host + " failed: " + said);
  }
  if (about == GIT_ERROR_NOMEMORY) {
    return MakeError(Problem::kTooLarge, "the repository needs more memory than one fetch may use");
  }
  if (about == GIT_ERROR_INDEXER || about == GIT_ERROR_ZLIB) {
    return MakeError(Problem::kBadPack,
                     host + " sent a damaged pack (" + said + "): the next poll tries again");
  }
  if (url_.scheme == Scheme::kSsh && (Contains(said, "not appear to be a git repository") ||
                                      Contains(said, "epository not found"))) {
    return MakeError(Problem::kRepositoryNotFound,
                     host + " knows no such repository, or hides it (" + said +
                         "): correct spec.url, or give a key that may read it");
  }
  const bool no_repository = about == GIT_ERROR_REPOSITORY || about == GIT_ERROR_OS;
  if (url_.scheme == Scheme::kFile && (no_repository || code == GIT_ENOTFOUND)) {
    return MakeError(Problem::kRepositoryNotFound, "there is no repository at that path: " + said);
  }
  return MakeError(
      Problem::kUnreachable,
      host + " gave no answer that is git's (" + said +
          "): see that spec.url is right and that this machine reaches it; the next poll, "
          "in its interval, tries again");
}

}  // namespace slipway::git
