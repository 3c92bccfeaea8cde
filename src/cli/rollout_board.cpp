#include "src/cli/rollout_board.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/rollout/intent.hpp"
#include "src/cli/watch.hpp"

namespace slipway::cli {

using nlohmann::json;

Board::Board(const Session& session, api::Application application)
    : session_(session), application_(std::move(application)) {
  Follow(rollouts_);
  Follow(servers_);
  Follow(runs_);
}

// All are told before the first is waited for.
Board::~Board() {
  for (std::jthread& thread : threads_) {
    thread.request_stop();
  }
}

bool Board::Wanted(const api::Rollout& rollout) const {
  return rollout::BelongsTo(rollout, application_);
}

bool Board::Wanted(const api::Server& server) const {
  return std::ranges::find(server.spec.releases, application_.metadata.name,
                           &api::Intent::application) != server.spec.releases.end();
}

bool Board::Wanted(const api::TestRun& run) const {
  return run.spec.application == application_.metadata.name;
}

template <typename Object>
Result<void> Board::Run(Shelf<Object>& shelf, const std::stop_token& stop) {
  SLIPWAY_TRY(resource, FindResource(shelf.plural));
  CollectionWatch watch;
  watch.request = {.path = session_.Path(resource, "")};
  watch.list = [&]() -> Result<std::string> {
    SLIPWAY_TRY(listing, session_.List(resource));
    std::map<std::string, Object> objects;
    for (const json& item : listing.items) {
      SLIPWAY_TRY(object, api::Decode<Object>(item.dump()));
      if (Wanted(object)) {
        std::string name = object.metadata.name;
        objects.emplace(std::move(name), std::move(object));
      }
    }
    const std::lock_guard lock(mutex_);
    shelf.objects = std::move(objects);
    shelf.listed = true;
    Announce();
    return listing.resource_version;
  };
  watch.changed = [&](const std::string& type, const json& item) -> Result<bool> {
    SLIPWAY_TRY(object, api::Decode<Object>(item.dump()));
    const std::string name = object.metadata.name;
    const bool keep = type != "DELETED" && Wanted(object);
    const std::lock_guard lock(mutex_);
    if (keep) {
      shelf.objects.insert_or_assign(name, std::move(object));
    }
    if (keep || shelf.objects.erase(name) > 0) {
      Announce();
    }
    return true;
  };
  watch.trouble = [&](const Error* trouble) {
    const std::lock_guard lock(mutex_);
    if (trouble == nullptr) {
      troubled_.erase(shelf.plural);
    } else if (troubled_.insert(shelf.plural).second && troubled_.size() == 1) {
      news_.trouble = *trouble;
      news_arrived_.notify_one();
    }
  };
  return FollowCollection(session_, watch, "", stop);
}

template <typename Object>
void Board::Follow(Shelf<Object>& shelf) {
  threads_.emplace_back([this, &shelf](const std::stop_token& stop) {
    std::optional<Error> failure;
    try {
      const auto ended = Run(shelf, stop);
      if (!ended.has_value()) {
        failure = ended.error();
      }
    } catch (const std::exception& error) {
      failure = Fail(Code::kInternal, error.what());
    }
    if (failure) {
      const std::lock_guard lock(mutex_);
      news_.failure = failure;
      news_arrived_.notify_one();
    }
  });
}

bool Board::Listed() const { return rollouts_.listed && servers_.listed && runs_.listed; }

void Board::Announce() {
  if (Listed()) {
    news_.changed = true;
    news_arrived_.notify_one();
  }
}

Board::News Board::Wait(Clock::time_point not_before, Clock::time_point until) {
  std::unique_lock lock(mutex_);
  const auto urgent = [this] { return news_.trouble || news_.failure; };
  news_arrived_.wait_until(lock, until, [&] { return news_.changed || urgent(); });
  news_arrived_.wait_until(lock, std::min(not_before, until), urgent);
  return std::exchange(news_, {});
}

std::optional<RolloutPicture> Board::Look(const std::string& revision) const {
  const std::lock_guard lock(mutex_);
  const api::Rollout* newest = nullptr;
  for (const auto& [name, rollout] : rollouts_.objects) {
    if (rollout.spec.release.commit.value.starts_with(revision) &&
        (newest == nullptr || newest->spec.number < rollout.spec.number)) {
      newest = &rollout;
    }
  }
  if (newest == nullptr || !Listed()) {
    return std::nullopt;
  }
  RolloutPicture picture;
  picture.rollout = *newest;
  picture.age = AgeOf(*newest);
  for (const auto& [name, server] : servers_.objects) {
    picture.servers.push_back(server);
  }
  if (const auto run = runs_.objects.find(newest->status.gate.test_run);
      run != runs_.objects.end()) {
    picture.gate = run->second;
  }
  return picture;
}

Duration AgeOf(const api::Rollout& rollout) {
  return rollout.metadata.creation_timestamp
             ? std::chrono::duration_cast<Duration>(std::chrono::system_clock::now() -
                                                    *rollout.metadata.creation_timestamp)
             : Duration(0);
}

Result<RolloutPicture> TakePicture(const Session& session, const api::Rollout& rollout) {
  RolloutPicture picture;
  picture.rollout = rollout;
  picture.age = AgeOf(rollout);
  SLIPWAY_TRY(servers, FindResource("servers"));
  SLIPWAY_TRY(listing, session.List(servers));
  for (const json& item : listing.items) {
    SLIPWAY_TRY(server, api::Decode<api::Server>(item.dump()));
    picture.servers.push_back(std::move(server));
  }
  if (!rollout.status.gate.test_run.empty()) {
    SLIPWAY_TRY(runs, FindResource("testruns"));
    const auto run = session.Get(session.Path(runs, rollout.status.gate.test_run));
    if (run.has_value()) {
      SLIPWAY_TRY(gate, api::Decode<api::TestRun>(run.value().dump()));
      picture.gate = std::move(gate);
    } else if (run.error().code != Code::kNotFound) {
      return run.error();
    }
  }
  return picture;
}

}  // namespace slipway::cli
