#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "src/apiserver/answer/list_text.hpp"
#include "src/apiserver/fair_pool.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// A list as the body of an answer. What is large is made a piece at a time, on the pool, from the third on while the piece before is
/// sent: of the text of a large list there are two pieces at once, whoever asks. On the home thread.
class ListBody : public http::BodySource {
 public:
  /// `first` has been made of `text` already. `pool` outlives it; `user`: whose turn it takes there.
  class Pieces;
  ListBody(FairPool& pool, std::string user, std::shared_ptr<Pieces> pieces, std::size_t bytes);
  ~ListBody() override;

  boost::asio::awaitable<Result<std::string>> Next() override;
  std::size_t held() const override { return bytes_; }

 private:
  struct Slot;
  struct Work;

  void Prepare();

  FairPool& pool_;
  std::string user_;
  std::shared_ptr<Pieces> pieces_;
  std::size_t bytes_;
  std::shared_ptr<Slot> ahead_;  ///< where the next piece is made; nullptr: nowhere yet
};

/// The answer that shows a list to who asks with `head`. For a thread of the pool: makes the first piece. Errors only where stored
/// bytes are damaged.
Result<http::Response> ShowList(const http::RequestHead& head, ListText text, FairPool& pool,
                                const std::string& user);

}  // namespace slipway::apiserver
