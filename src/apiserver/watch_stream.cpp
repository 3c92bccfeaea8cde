#include "src/apiserver/watch_stream.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "src/apiserver/object_requests.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

/// Changes that are taken, and lines that are written, at once.
constexpr std::size_t kBatch = 256;
constexpr std::size_t kWriteBytes = 256 << 10;

/// One watch under way. Held by its coroutine; callbacks know it weakly.
struct Streamer : public std::enable_shared_from_this<Streamer> {
  Streamer(std::shared_ptr<http::Exchange> to, WatchJob what, const asio::any_io_executor& executor)
      : exchange(std::move(to)), job(std::move(what)), timer(executor) {}

  Result<void> Start();
  asio::awaitable<bool> SendInitial();
  asio::awaitable<bool> SendListed();
  asio::awaitable<bool> SendChanges();
  asio::awaitable<bool> SendBatch(std::vector<ObjectWatch::Change> changes);
  asio::awaitable<void> Wait();
  asio::awaitable<bool> Send(std::string text);
  Result<void> Append(const ObjectWatch::Change& change, std::string& text);

  std::shared_ptr<http::Exchange> exchange;
  WatchJob job;
  asio::steady_timer timer;
  std::unique_ptr<ObjectWatch> watch;
  std::shared_ptr<void> permission;  ///< that of the token, where it is one that opened the watch
  store::Revision bookmark = 0;      ///< everything up to here has been sent
  steady_clock::time_point next_bookmark;
  steady_clock::time_point end;
  bool columns_sent = false;
  bool ready = true;  ///< there may be something to take
  bool ended = false;
};

Result<void> Streamer::Start() {
  const store::Revision after = job.request.initial ? job.initial.revision : job.request.after;
  SLIPWAY_TRY(started, job.registry->StartWatch(job.path, job.request.selectors, after,
                                                [weak = weak_from_this()] {
                                                  if (const auto self = weak.lock()) {
                                                    self->ready = true;
                                                    self->timer.cancel();
                                                  }
                                                }));
  watch = std::move(started);
  bookmark = after;
  end = steady_clock::now() + job.longest;
  next_bookmark = steady_clock::now() + job.bookmark_interval;
  const auto end_now = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->ended = true;
      self->timer.cancel();
    }
  };
  exchange->OnEnd(end_now);
  permission = job.on_revoked ? job.on_revoked(end_now) : nullptr;
  return Ok();
}

Result<void> Streamer::Append(const ObjectWatch::Change& change, std::string& text) {
  SLIPWAY_TRY(line, ShowChange(*job.path.kind, change, job.form, job.clock->Now(), !columns_sent));
  columns_sent = true;
  text += line;
  return Ok();
}

asio::awaitable<bool> Streamer::Send(std::string text) {
  const auto sent = co_await exchange->Write(std::move(text));
  co_return sent.has_value() && !ended;
}

/// The objects of the list that are in memory.
asio::awaitable<bool> Streamer::SendListed() {
  std::string text;
  for (Object& object : job.initial.items) {
    const auto added = Append({ObjectWatch::Type::kAdded, std::move(object)}, text);
    if (!added.has_value()) {
      text += ShowWatchError(added.error());
      co_await Send(std::move(text));
      co_return false;
    }
    if (text.size() >= kWriteBytes) {
      const bool sent = co_await Send(std::move(text));
      if (!sent) {
        co_return false;
      }
      text = std::string();
    }
  }
  job.initial.items = {};
  co_return co_await Send(std::move(text));
}

asio::awaitable<bool> Streamer::SendInitial() {
  bool sent = co_await SendListed();
  while (sent && job.initial.more) {
    auto further = co_await job.requests->ReadMore(job.initial.more, job.user);
    if (!further.has_value()) {
      std::string line = ShowWatchError(further.error());
      co_await Send(std::move(line));
      co_return false;
    }
    if (further.value().empty()) {
      job.initial.more = nullptr;
      break;
    }
    job.initial.items = std::move(further.value());
    sent = co_await SendListed();
  }
  if (sent && job.request.mark_end) {
    std::string mark = ShowBookmark(*job.path.kind, bookmark, job.form, true);
    sent = co_await Send(std::move(mark));
  }
  job.listing = nullptr;
  job.listed_bytes = nullptr;
  co_return sent;
}

/// False: the client has gone, or an object cannot be shown.
asio::awaitable<bool> Streamer::SendBatch(std::vector<ObjectWatch::Change> changes) {
  if (changes.size() == 1 && !job.form) {
    const http::Chunk line = job.lines->LineOf(*job.path.kind, changes[0]);
    const auto sent = co_await exchange->Write(line);
    co_return sent.has_value() && !ended;
  }
  std::string text;
  bool good = true;
  for (std::size_t i = 0; good && i < changes.size(); ++i) {
    const auto added = Append(changes[i], text);
    if (!added.has_value()) {
      text += ShowWatchError(added.error());
      good = false;
    }
  }
  const bool sent = co_await Send(std::move(text));
  co_return good&& sent;
}

/// Sends what there is. False: the watch is over.
asio::awaitable<bool> Streamer::SendChanges() {
  for (;;) {
    ready = false;
    auto batch = watch->Take(kBatch);
    if (!batch.has_value()) {
      std::string text = ShowWatchError(batch.error());
      co_await Send(std::move(text));
      co_return false;
    }
    const bool sent = co_await SendBatch(std::move(batch.value().changes));
    if (!sent) {
      co_return false;
    }
    bookmark = batch.value().revision;
    if (!batch.value().more) {
      co_return true;
    }
  }
}

asio::awaitable<void> Streamer::Wait() {
  while (!ready && !ended) {
    const auto until = job.request.bookmarks ? std::min(next_bookmark, end) : end;
    if (steady_clock::now() >= until) {
      break;
    }
    timer.expires_at(until);
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

asio::awaitable<void> Run(std::shared_ptr<Streamer> streamer) {
  bool going = co_await streamer->SendInitial();
  while (going) {
    going = co_await streamer->SendChanges();
    const auto now = steady_clock::now();
    const bool over = now >= streamer->end;
    if (going && streamer->job.request.bookmarks && (over || now >= streamer->next_bookmark)) {
      streamer->next_bookmark = now + streamer->job.bookmark_interval;
      std::string line =
          ShowBookmark(*streamer->job.path.kind, streamer->bookmark, streamer->job.form, false);
      going = co_await streamer->Send(std::move(line));
    }
    if (!going || over) {
      break;
    }
    co_await streamer->Wait();
    going = !streamer->ended;
  }
}

}  // namespace

asio::awaitable<void> StreamWatch(std::shared_ptr<http::Exchange> exchange, WatchJob job) {
  const auto executor = co_await asio::this_coro::executor;
  const auto streamer = std::make_shared<Streamer>(exchange, std::move(job), executor);
  const auto started = streamer->Start();
  const bool expired = !started.has_value() && started.error().code == Code::kExpired;
  if (!started.has_value() && !expired) {
    http::Response refusal = Failure(started.error(), &streamer->job.path);
    (void)co_await exchange->Respond(std::move(refusal));
    co_return;
  }
  http::Response head;
  const auto begun = co_await exchange->BeginStream(std::move(head));
  if (!begun.has_value()) {
    co_return;
  }
  if (expired) {
    std::string line = ShowWatchError(started.error());
    (void)co_await exchange->Write(std::move(line));
  } else {
    co_await Run(streamer);
  }
  (void)co_await exchange->EndStream();
}

}  // namespace slipway::apiserver
