#include "src/git/worker.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "src/git/fetch_request.hpp"
#include "src/git/libgit2.hpp"
#include "src/git/problem.hpp"
#include "src/git/remote_session.hpp"
#include "src/git/whole_tree.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Their shadow memory alone is terabytes of address space, and they look for leaks by tracing the process.
#define SLIPWAY_INSTRUMENTED 1
#else
#define SLIPWAY_INSTRUMENTED 0
#endif

namespace slipway::git {
namespace {

namespace fs = std::filesystem;

/// Beside what the remote sends, a pack holds the bases that the mirror had.
constexpr std::uint64_t kCompletionBytes = 1ULL << 30;
constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

void Limit(int resource, std::uint64_t value) {
  if (value == 0) return;
  struct rlimit limit = {value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

void LimitThisProcess(const FetchLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGXFSZ, SIG_IGN);  // A write beyond the limit is then an error with a sentence.
  ::signal(SIGPIPE, SIG_IGN);
  struct rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  if (!SLIPWAY_INSTRUMENTED) {
    ::prctl(PR_SET_DUMPABLE, 0);
    Limit(RLIMIT_AS, limits.address_space_bytes);
  }
  Limit(RLIMIT_CPU, limits.cpu_seconds);
  if (limits.received_bytes != 0) Limit(RLIMIT_FSIZE, limits.received_bytes + kCompletionBytes);
}

Result<void> WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return MakeError(Problem::kInternal, "cannot write " + path.string());
  return Ok();
}

/// libssh2 reads the markers of known_hosts as errors; we judge them ourselves (known_hosts.hpp).
/// What is left tells it which kind of host key to ask for.
std::string PlainLines(const std::string& known_hosts) {
  std::string plain;
  std::istringstream lines(known_hosts);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() != '@') plain += line + "\n";
  }
  return plain;
}

/// A home for this process: libgit2 reads $HOME/.ssh/known_hosts, and takes its CA from a file.
/// Neither is secret. Returns the file of the CA.
Result<std::string> MakeHome(const FetchRequest& request) {
  const fs::path home = fs::path(request.mirror) / "worker-home";
  std::error_code failure;
  fs::create_directories(home / ".ssh", failure);
  if (failure) {
    return MakeError(Problem::kInternal,
                     "cannot create " + home.string() + ": " + failure.message());
  }
  ::setenv("HOME", home.c_str(), 1);
  SLIPWAY_TRYV(
      WriteFile(home / ".ssh" / "known_hosts", PlainLines(request.credentials.known_hosts)));
  lib::Start();
  std::string authorities = kSystemAuthorities;
  if (!request.credentials.ca_certificates.empty()) {
    authorities = (home / "ca.pem").string();
    SLIPWAY_TRYV(WriteFile(authorities, request.credentials.ca_certificates));
  }
  int code = git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, authorities.c_str(), nullptr);
  if (code != 0 && request.url.starts_with("https:")) {
    return MakeError(Problem::kCertificateInvalid,
                     request.credentials.ca_certificates.empty()
                         ? "the system has no CA certificates: install ca-certificates"
                         : "the CA in the Secret is no PEM certificate");
  }
  return authorities;
}

Error RefMissing(const Ref& ref) {
  switch (ref.kind) {
    case RefKind::kBranch:
      return MakeError(Problem::kRefNotFound, "the repository has no branch " + ref.name +
                                                  ": push it, or correct spec.ref");
    case RefKind::kTag:
      return MakeError(Problem::kRefNotFound,
                       "the repository has no tag " + ref.name + ": push it, or correct spec.ref");
    case RefKind::kCommit:
      break;
  }
  return MakeError(Problem::kRefNotFound, "no branch or tag of the repository leads to commit " +
                                              ref.name + ": push one, or correct spec.ref");
}

std::string FullName(const Ref& ref) {
  return (ref.kind == RefKind::kTag ? "refs/tags/" : "refs/heads/") + ref.name;
}

bool Holds(git_repository* repository, const git_oid& id) {
  git_odb* database = nullptr;
  if (git_repository_odb(&database, repository) != 0) return false;
  lib::ObjectDatabase owner(database);
  return git_odb_exists(database, &id) == 1;
}

/// libgit2 takes in packs that lack what their trees name. Nobody could ever be given such a commit, and while its own object is
/// there it would not be asked for again: kBadPack, and the parent deletes the packs. What a poll found before was whole then.
Result<void> CheckWhole(git_repository* repository, const git_oid& id) {
  git_oid before = {};
  if (git_reference_name_to_id(&before, repository, kFetchedReference) == 0 &&
      git_oid_equal(&before, &id) != 0) {
    return Ok();
  }
  SLIPWAY_TRY(commit, lib::FindCommit(repository, lib::FormatId(id)));
  SLIPWAY_TRY(missing, FirstMissing(repository, *git_commit_tree_id(commit.get())));
  if (!missing) return Ok();
  return MakeError(Problem::kBadPack, "the server sent commit " + lib::FormatId(id) +
                                          " without its object " + lib::FormatId(*missing) +
                                          ": let git fsck look at the repository there; the next "
                                          "poll tries again");
}

/// The commit that the ref names in what the remote advertised; an annotated tag is advertised a
/// second time, peeled.
Result<git_oid> Advertised(git_remote* remote, const Ref& ref, const RemoteSession& session) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  int code = git_remote_ls(&heads, &count, remote);
  if (code != 0) return session.Explain(code);
  const std::string name = FullName(ref);
  const git_oid* found = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    if (heads[i]->name == name + "^{}") return heads[i]->oid;
    if (heads[i]->name == name) found = &heads[i]->oid;
  }
  if (found == nullptr) return RefMissing(ref);
  return *found;
}

Result<void> Download(git_remote* remote, const Ref& ref, RemoteSession& session) {
  std::vector<std::string> wanted = {FullName(ref)};
  if (ref.kind == RefKind::kCommit) {
    // libgit2 wants another side for a pattern; nothing is written there, because this only downloads.
    wanted = {"refs/heads/*:refs/slipway/heads/*", "refs/tags/*:refs/slipway/tags/*"};
  }
  std::vector<char*> pointers;
  for (std::string& name : wanted) pointers.push_back(name.data());
  git_strarray specs = {pointers.data(), pointers.size()};
  git_fetch_options options = session.FetchOptions();
  int code = git_remote_download(remote, &specs, &options);
  if (code != 0) return session.Explain(code);
  return Ok();
}

Result<Fetched> Poll(const FetchRequest& request) {
  SLIPWAY_TRYV(CheckUrl(request.url, request.allow_file));
  SLIPWAY_TRYV(CheckRef(request.ref));
  SLIPWAY_TRY(url, ParseUrl(request.url));
  SLIPWAY_TRY(authorities, MakeHome(request));
  RemoteSession session(request, url, authorities);
  SLIPWAY_TRYV(session.CheckCredentials());
  SLIPWAY_TRY(repository, lib::Open(request.mirror));
  git_oid id = {};
  if (request.ref.kind == RefKind::kCommit) {
    SLIPWAY_TRY(given, lib::ParseId(request.ref.name));
    id = given;
    if (Holds(repository.get(), id)) {
      SLIPWAY_TRYV(CheckWhole(repository.get(), id));
      return Fetched{.commit = Commit(request.ref.name)};
    }
  }
  git_remote* created = nullptr;
  if (git_remote_create_anonymous(&created, repository.get(), request.url.c_str()) != 0) {
    return session.Explain(GIT_ERROR);
  }
  lib::Remote remote(created);
  git_remote_connect_options options = session.ConnectOptions();
  int code = git_remote_connect_ext(remote.get(), GIT_DIRECTION_FETCH, &options);
  if (code != 0) return session.Explain(code);
  if (request.ref.kind != RefKind::kCommit) {
    SLIPWAY_TRY(advertised, Advertised(remote.get(), request.ref, session));
    id = advertised;
  }
  if (!Holds(repository.get(), id)) {
    SLIPWAY_TRYV(Download(remote.get(), request.ref, session));
  }
  git_remote_disconnect(remote.get());
  if (!Holds(repository.get(), id)) {
    if (request.ref.kind == RefKind::kCommit) return RefMissing(request.ref);
    return MakeError(Problem::kBadPack,
                     "the server advertised a commit and did not send it: the next "
                     "poll tries again");
  }
  const std::string text = lib::FormatId(id);
  if (!lib::FindCommit(repository.get(), text)) {
    return MakeError(Problem::kRefNotFound, request.ref.name + " does not point to a commit");
  }
  SLIPWAY_TRYV(CheckWhole(repository.get(), id));
  return Fetched{.commit = Commit(text),
                 .received_bytes = session.received_bytes(),
                 .received_objects = session.received_objects()};
}

}  // namespace

int RunGitWorker(std::istream& in, std::ostream& out) {
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  auto request = DecodeFetchRequest(text);
  if (!request) {
    out << EncodeFetched(request.error()) << std::flush;
    return out ? 0 : 1;
  }
  LimitThisProcess(request.value().limits);
  out << EncodeFetched(Poll(request.value())) << std::flush;
  return out ? 0 : 1;
}

}  // namespace slipway::git
