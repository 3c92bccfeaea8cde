#pragma once

#include <git2.h>

#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/git/fetch_request.hpp"
#include "src/git/libgit2.hpp"
#include "src/git/url.hpp"

namespace slipway::git {

/// One conversation of the worker with one remote: the callbacks through which libgit2 asks for
/// credentials, has certificates judged and reports progress, and the sentence for what went wrong.
/// Lives longer than the git_remote.
class RemoteSession {
 public:
  /// `authorities_file`: PEM, what https certificates must be signed by.
  RemoteSession(const FetchRequest& request, Url url, std::string authorities_file);
  RemoteSession(const RemoteSession&) = delete;
  RemoteSession& operator=(const RemoteSession&) = delete;

  /// What can be seen to be wrong with the credentials before anything is sent.
  Result<void> CheckCredentials() const;

  /// Redirects off, no proxy, our callbacks.
  git_remote_connect_options ConnectOptions();
  git_fetch_options FetchOptions();

  /// Why a call that returned `code` failed, without a secret in it.
  Error Explain(int code) const;

  std::uint64_t received_bytes() const { return received_bytes_; }
  std::uint64_t received_objects() const { return received_objects_; }

 private:
  static int OnCredentials(git_credential** out, const char* url, const char* user,
                           unsigned allowed, void* self);
  static int OnCertificate(git_cert* certificate, int valid, const char* host, void* self);
  static int OnProgress(const git_indexer_progress* progress, void* self);

  int GiveCredentials(git_credential** out, const char* url, unsigned allowed);
  int JudgeCertificate(const git_cert* certificate, bool valid, const char* host);
  int JudgeHostKey(const git_cert_hostkey& key);
  int Refuse(Problem problem, std::string message, int code);
  git_remote_callbacks Callbacks();
  std::string User() const;
  std::string Redact(std::string text) const;

  const FetchRequest& request_;
  const Url url_;
  const std::string authorities_file_;
  std::string authorization_;  ///< the header of a bearer token
  char* authorization_pointer_ = nullptr;
  int asked_ = 0;  ///< how often credentials were handed out
  std::uint64_t received_bytes_ = 0;
  std::uint64_t received_objects_ = 0;
  std::optional<Error> refusal_;  ///< what a callback of ours refused
};

}  // namespace slipway::git
