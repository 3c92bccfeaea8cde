#include "src/git/checkout.hpp"

#include <signal.h>
#include <sys/prctl.h>

#include <istream>
#include <iterator>
#include <ostream>
#include <utility>

#include "src/git/history.hpp"
#include "src/git/libgit2.hpp"
#include "src/git/problem.hpp"
#include "src/git/snapshots.hpp"
#include "src/git/tree_writer.hpp"

namespace slipway::git {
namespace {

Result<Written> CheckOut(git_repository* repository, const CheckoutRequest& request) {
  SLIPWAY_TRY(commit, lib::FindCommit(repository, request.want.value));
  SLIPWAY_TRY(tree, TreeAt(commit.get(), request.path));
  const std::string where = request.path.empty() ? "" : " in " + request.path;
  if (!tree) {
    return MakeError(Problem::kEmptyTree,
                     "commit " + request.want.value + " has no folder " + request.path);
  }
  SLIPWAY_TRY(written, WriteTree(repository, *tree, request.staging, request.limits));
  if (written.files == 0) {
    return MakeError(Problem::kEmptyTree, "commit " + request.want.value + " has no files" + where);
  }
  return written;
}

}  // namespace

Result<CheckoutReply> ApplyPackAndCheckout(const CheckoutRequest& request) {
  if (!IsPlainPath(request.path)) {
    return MakeError(Problem::kEmptyTree,
                     "\"" + request.path.substr(0, 200) + "\" is no path inside a repository");
  }
  SLIPWAY_TRY(snapshots, Snapshots::Open(request.repository));
  if (!request.pack.empty()) {
    SLIPWAY_TRYV(snapshots.TakeIn(request.pack));
  }
  CheckoutReply reply;
  if (!request.want.empty()) {
    SLIPWAY_TRYV(snapshots.Hold(request.want));
    if (!request.staging.empty()) {
      SLIPWAY_TRY(written, CheckOut(snapshots.repository(), request));
      reply.files = written.files;
      reply.bytes = written.bytes;
    }
    std::vector<Commit> keep = request.keep;
    keep.push_back(request.want);
    SLIPWAY_TRYV(snapshots.ForgetAllBut(keep));
    SLIPWAY_TRYV(snapshots.RewriteWhenMany(request.max_packs));
  }
  SLIPWAY_TRY(held, snapshots.Held());
  reply.held = std::move(held);
  return reply;
}

int RunContentHelper(std::istream& in, std::ostream& out) {
  // What it writes is discarded by an agent that starts anew, so it ends with the agent.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  auto request = DecodeCheckoutRequest(text);
  if (request) {
    out << EncodeCheckoutReply(ApplyPackAndCheckout(request.value())) << std::flush;
  } else {
    out << EncodeCheckoutReply(request.error()) << std::flush;
  }
  return out ? 0 : 1;
}

}  // namespace slipway::git
