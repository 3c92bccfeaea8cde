#include "src/apiserver/list_body.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "src/apiserver/answer/answer_form.hpp"
#include "src/apiserver/registry/guard.hpp"
#include "src/http/await.hpp"

namespace slipway::apiserver {

/// The text in the form that its reader wants. For one thread at a time.
class ListBody::Pieces {
 public:
  Pieces(ListText text, bool lines) : text_(std::move(text)) {
    if (lines) {
      lines_.emplace();
    }
  }

  bool done() const { return text_.done(); }
  std::size_t bytes() const { return text_.bytes(); }

  /// The next piece as text.
  Result<std::string> NextText() {
    SLIPWAY_TRY(text, text_.Next());
    return lines_ ? lines_->Take(text) : std::move(text);
  }

  /// From now on pieces are packed.
  void BeginPacking() { packer_.emplace(); }

  Result<std::string> Pack(const std::string& text) {
    auto packed = packer_->Take(text, done());
    if (!packed) {
      return Fail(Code::kUnavailable, "there is no memory to pack a list");
    }
    return std::move(*packed);
  }

  /// The next piece as it is sent; empty: that was all.
  Result<std::string> Next() {
    std::string piece;
    while (piece.empty() && !done()) {
      SLIPWAY_TRY(text, NextText());
      SLIPWAY_TRY(sent, packer_ ? Pack(text) : Result<std::string>(std::move(text)));
      piece = std::move(sent);
    }
    return piece;
  }

 private:
  ListText text_;
  std::optional<Lines> lines_;
  std::optional<Packer> packer_;
};

/// Between the thread that makes a piece and the one that waits for it.
struct ListBody::Slot {
  using Piece = Result<std::string>;

  void Put(Piece made) {
    std::function<void(Piece)> wake;
    {
      const std::lock_guard lock(mutex);
      wake = std::exchange(waiting, nullptr);
      if (!wake) {
        piece = std::move(made);
        return;
      }
    }
    wake(std::move(made));
  }

  void Get(std::function<void(Piece)> done) {
    {
      const std::lock_guard lock(mutex);
      if (!piece) {
        waiting = std::move(done);
        return;
      }
    }
    done(std::move(*piece));
  }

  /// Nobody makes the piece any more, for the pool has ended: who waits for it has it, and must not be kept by it.
  void Abandon() {
    std::function<void(Piece)> dropped;
    const std::lock_guard lock(mutex);
    dropped = std::exchange(waiting, nullptr);
    if (!piece) {
      piece = Fail(Code::kUnavailable, "the server is stopping");
    }
  }

  std::mutex mutex;
  std::optional<Piece> piece;
  std::function<void(Piece)> waiting;
};

/// What the pool holds of a slot.
struct ListBody::Work {
  Work(std::shared_ptr<Pieces> of, std::shared_ptr<Slot> to)
      : pieces(std::move(of)), slot(std::move(to)) {}
  ~Work() { slot->Abandon(); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void Do() {
    slot->Put(Guarded(std::function<Result<std::string>()>([&] { return pieces->Next(); })));
  }

  std::shared_ptr<Pieces> pieces;
  std::shared_ptr<Slot> slot;
};

ListBody::ListBody(FairPool& pool, std::string user, std::shared_ptr<Pieces> pieces,
                   std::size_t bytes)
    : pool_(pool), user_(std::move(user)), pieces_(std::move(pieces)), bytes_(bytes) {}

ListBody::~ListBody() = default;

void ListBody::Prepare() {
  ahead_ = std::make_shared<Slot>();
  pool_.Run(user_, [work = std::make_shared<Work>(pieces_, ahead_)] { work->Do(); });
}

boost::asio::awaitable<Result<std::string>> ListBody::Next() {
  if (ahead_ == nullptr) {
    Prepare();
  }
  std::function<void(std::function<void(Result<std::string>)>)> start =
      [slot = ahead_](std::function<void(Result<std::string>)> done) {
        slot->Get(std::move(done));
      };
  auto piece = co_await http::AwaitCallback<Result<std::string>>(std::move(start));
  if (piece.has_value() && !piece.value().empty()) {
    Prepare();
  }
  co_return piece;
}

Result<http::Response> ShowList(const http::RequestHead& head, ListText text, FairPool& pool,
                                const std::string& user) {
  const std::size_t bytes = text.bytes();
  const auto pieces = std::make_shared<ListBody::Pieces>(std::move(text), WantsLines(head));
  SLIPWAY_TRY(first, pieces->NextText());
  http::Response response;
  if (pieces->done()) {
    response.body = std::move(first);
    Pack(head, response);
    return response;
  }
  if (IsToBePacked(head, bytes)) {
    pieces->BeginPacking();
    SayPacked(response);
    SLIPWAY_TRY(packed, pieces->Pack(first));
    first = std::move(packed);
  }
  response.body = std::move(first);
  response.rest = std::make_shared<ListBody>(pool, user, pieces, bytes);
  return response;
}

}  // namespace slipway::apiserver
