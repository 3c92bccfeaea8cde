#include "src/apiserver/collection_delete.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/apiserver/registry/namespaces.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/apiserver/registry/reads.hpp"
#include "src/http/await.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;

/// Objects that are listed, and deletions that are under way, at once.
constexpr std::size_t kListedAtOnce = 500;
constexpr std::size_t kDeletedAtOnce = 128;

using DeletionsDone = std::function<void(Result<void>)>;

/// Some deletions of which all are awaited.
struct Deletions {
  std::size_t left;
  Result<void> outcome;
  DeletionsDone done;

  void Note(const Result<Deleted>& deleted) {
    if (!deleted.has_value() && deleted.error().code != Code::kNotFound && outcome.has_value()) {
      outcome = deleted.error();
    }
    if (--left == 0) {
      done(outcome);
    }
  }
};

/// Of the objects of a collection, by name. The pointer outlives it.
asio::awaitable<Result<void>> DeleteSome(const CollectionDelete* job,
                                         std::vector<std::string> names) {
  std::function<void(DeletionsDone)> start = [job, &names](DeletionsDone done) {
    const auto deletions =
        std::make_shared<Deletions>(Deletions{names.size(), Ok(), std::move(done)});
    for (std::string& name : names) {
      ObjectPath path = job->path;
      path.name = std::move(name);
      job->requests->registry->Delete(
          std::move(path), job->how.request, {.dry_run = job->how.dry_run},
          [deletions](const Result<Deleted>& deleted) { deletions->Note(deleted); });
    }
  };
  co_return co_await http::AwaitCallback<Result<void>>(std::move(start));
}

Result<std::vector<std::string>> NamesOf(const ObjectList& list) {
  std::vector<std::string> names;
  names.reserve(list.items.size());
  for (const Object& object : list.items) {
    SLIPWAY_TRY(tree, ParseObject(object));
    names.push_back(tree["metadata"]["name"].get<std::string>());
  }
  return names;
}

asio::awaitable<Result<void>> DeleteListed(const CollectionDelete* job,
                                           std::vector<std::string> names) {
  for (std::size_t begin = 0; begin < names.size(); begin += kDeletedAtOnce) {
    const auto from = names.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = std::min(names.size() - begin, kDeletedAtOnce);
    std::vector<std::string> some(from, from + static_cast<std::ptrdiff_t>(count));
    const auto deleted = co_await DeleteSome(job, std::move(some));
    if (!deleted.has_value()) {
      co_return deleted.error();
    }
  }
  co_return Ok();
}

}  // namespace

bool OffersCollectionDelete(const objects::KindInfo& kind) {
  return kind.Offers("deletecollection");
}

bool OffersCollectionDelete(const ObjectPath& path) {
  return OffersCollectionDelete(*path.kind) && (!path.kind->namespaced || !path.ns.empty());
}

asio::awaitable<Result<ObjectList>> DeleteAll(CollectionDelete job) {
  ListOptions options = job.which.options;
  const bool one_page = options.limit > 0;
  if (!one_page) {
    options.limit = kListedAtOnce;
  }
  ObjectList all;
  for (;;) {
    auto page = co_await job.requests->ReadList(job.path, options, job.user);
    if (!page.has_value()) {
      co_return page.error();
    }
    const auto new_enough = CheckNotOlder(page.value(), job.which.not_older);
    if (!new_enough.has_value()) {
      co_return new_enough.error();
    }
    auto names = NamesOf(page.value());
    if (!names.has_value()) {
      co_return names.error();
    }
    const auto deleted = co_await DeleteListed(&job, std::move(names.value()));
    if (!deleted.has_value()) {
      co_return deleted.error();
    }
    if (one_page) {
      co_return page;
    }
    all.revision = page.value().revision;
    std::move(page.value().items.begin(), page.value().items.end(), std::back_inserter(all.items));
    if (page.value().continue_token.empty()) {
      co_return all;
    }
    options.continue_token = page.value().continue_token;
    options.revision = store::kLatest;
  }
}

}  // namespace slipway::apiserver
