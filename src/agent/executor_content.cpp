#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>

#include "src/agent/claim.hpp"
#include "src/agent/executor.hpp"
#include "src/agent/files.hpp"
#include "src/agent/log.hpp"
#include "src/agent/release_directories.hpp"
#include "src/git/checkout.hpp"
#include "src/git/problem.hpp"

// How content comes to a server: packs, checkouts, and fresh release directories.
namespace slipway::agent {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kCommitDigits = 40;
constexpr Duration kFirstPause{500};
constexpr Duration kLongestPause{15'000};
constexpr Duration kCheckoutDeadline{1'800'000};

/// The commit that was checked out last from a repository, beside it: a base for the next pack.
std::string LastFile(const std::string& repository) { return repository + ".last"; }

Commit ReadLast(const std::string& repository) {
  const Result<std::string> text = ReadFile(LastFile(repository), kCommitDigits);
  return Commit(text && text.value().size() == kCommitDigits ? text.value() : "");
}

/// A file that is gone when this is.
class Passing {
 public:
  explicit Passing(std::string path) : path_(std::move(path)) {}
  ~Passing() { ::unlink(path_.c_str()); }
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What the helper could not do, as the code that says whose fault it is.
Error ByProblem(const Error& error) {
  switch (git::ProblemOf(error)) {
    case git::Problem::kEmptyTree:
    case git::Problem::kUnsafeTree:
    case git::Problem::kTooLarge:
    case git::Problem::kManifestInvalid:
      return Fail(Code::kInvalid, error.message);
    case git::Problem::kUnreachable:
    case git::Problem::kRepositoryNotFound:
    case git::Problem::kUnauthorized:
    case git::Problem::kRefNotFound:
    case git::Problem::kTimeout:
    case git::Problem::kHostKeyMismatch:
    case git::Problem::kCertificateInvalid:
    case git::Problem::kUrlNotAllowed:
    case git::Problem::kRedirected:
    case git::Problem::kBadPack:
    case git::Problem::kInternal:
      break;
  }
  return Fail(Code::kUnavailable, error.message);
}

}  // namespace

asio::awaitable<Result<void>> Executor::Fetch(Job job) {
  SLIPWAY_CO_TRY(user, FindUser(job.action.config.user));
  SLIPWAY_CO_TRYV(PrepareApplication(job.layout, job.action.config, user));
  SLIPWAY_CO_TRYV(CheckShared(job.layout, job.action.config));
  const std::string part =
      job.action.directory + ".part-" + std::to_string(clock_.Now().time_since_epoch().count());
  const std::string staging = job.layout.Staging() + "/" + part;
  // Nothing else is under way, so that whatever is here was left behind.
  SLIPWAY_CO_TRYV(MoveToTrash(job.layout, ListDirectory(job.layout.Staging())));
  SLIPWAY_CO_TRYV(MoveToTrash(job.layout, ListDirectory(job.layout.Tests())));
  SLIPWAY_CO_TRYV(co_await EmptyTrash(job));
  SLIPWAY_CO_TRYV(MakeDirectories(staging));
  SLIPWAY_CO_TRYV(co_await GetContent(job, staging));
  SLIPWAY_CO_TRYV(LinkShared(job.layout, job.action.config, staging));
  if (::geteuid() == 0 && !job.action.config.user.empty()) {
    std::vector<std::string> argv = {"/bin/chown", "-R", "-h", user.name + ":", staging};
    SLIPWAY_CO_TRYV(
        co_await RunTool(job, std::move(argv), "giving the release to user " + user.name));
  }
  struct stat info {};
  if (::lstat(job.directory.c_str(), &info) == 0) {
    SLIPWAY_CO_TRYV(MoveToTrash(job.layout, {job.action.directory}));
  }
  if (::rename(staging.c_str(), job.directory.c_str()) != 0) {
    co_return SystemError(job.directory, "cannot be put in place");
  }
  co_return Ok();
}

asio::awaitable<Result<void>> Executor::EmptyTrash(Job job) {
  if (!ListDirectory(job.layout.Trash()).empty()) {
    std::vector<std::string> argv = {"/bin/rm", "-rf", "--one-file-system", "--",
                                     job.layout.Trash()};
    SLIPWAY_CO_TRYV(
        co_await RunTool(job, std::move(argv), "deleting what is left of old releases"));
  }
  co_return MakeDirectories(job.layout.Trash());
}

asio::awaitable<Result<void>> Executor::GetContent(Job job, std::string staging) {
  const std::string repository = options_.layout.Repository(job.action.content.repository);
  const Commit want = job.action.release.commit;
  const Commit last = ReadLast(repository);
  if (!last.empty()) {
    job.action.keep.push_back(last);
  }
  SLIPWAY_CO_TRYV(MakeDirectories(options_.layout.Repositories(), 0700));
  SLIPWAY_CO_TRYV(MakeDirectories(options_.layout.Work(), 0700));
  Result<void> done = co_await CheckOut(job, "", staging);
  if (!done && git::ProblemOf(done.error()) != git::Problem::kInternal) {
    // What runs is the likeliest to be close; the last one that was fetched is as good on a gate
    // server.
    Commit have(ReadCurrent(job.layout).substr(0, kCommitDigits));
    if (std::ranges::find(job.action.keep, have) == job.action.keep.end() || have == want) {
      have = last == want ? Commit() : last;
    }
    const Passing pack(options_.layout.Work() + "/" + job.action.directory + ".pack");
    SLIPWAY_CO_TRYV(co_await GetPack(job, have, pack.path()));
    done = co_await CheckOut(job, pack.path(), staging);
    if (!done && !have.empty() && git::ProblemOf(done.error()) == git::Problem::kBadPack) {
      LogWarning("a pack from " + have.value +
                 " does not fit; asks for a whole snapshot: " + done.error().message);
      SLIPWAY_CO_TRYV(co_await GetPack(job, Commit(), pack.path()));
      done = co_await CheckOut(job, pack.path(), staging);
    }
  }
  if (!done) {
    co_return ByProblem(done.error());
  }
  co_return WriteFileAtomically(LastFile(repository), want.value, 0644);
}

asio::awaitable<Result<void>> Executor::GetPack(Job job, Commit have, std::string path) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  const MonoTime until = clock_.Mono() + options_.fetch_patience;
  for (int failures = 0; !job.control->cancelled; ++failures) {
    Result<void> fetched = co_await packs_.Fetch(job.action.content.repository, have,
                                                 job.action.release.commit, path, job.control);
    const bool again = !fetched && fetched.error().code == Code::kUnavailable;
    if (!again || clock_.Mono() >= until) {
      co_return fetched;
    }
    const Stoppable stoppable(job.control, [&timer] { timer.cancel(); });
    timer.expires_after(Jittered(kFirstPause, failures, kLongestPause));
    co_await timer.async_wait(token);
  }
  co_return Fail(Code::kUnavailable, "was cancelled");
}

asio::awaitable<Result<void>> Executor::CheckOut(Job job, std::string pack, std::string staging) {
  git::CheckoutRequest request;
  request.repository = options_.layout.Repository(job.action.content.repository);
  request.pack = std::move(pack);
  request.want = job.action.release.commit;
  request.path = job.action.content.path;
  request.staging = std::move(staging);
  request.keep = job.action.keep;
  ChildRequest child;
  child.argv = {options_.content_program, "checkout"};
  child.input = git::EncodeCheckoutRequest(request);
  child.deadline = kCheckoutDeadline;
  const Result<ChildReply> reply = co_await RunChild(std::move(child), job.control);
  if (!reply) {
    co_return reply.error();
  }
  const Result<git::CheckoutReply> checked = git::DecodeCheckoutReply(reply.value().output);
  if (!checked) {
    co_return checked.error();
  }
  co_return Ok();
}

}  // namespace slipway::agent
