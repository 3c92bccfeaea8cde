#include "src/apiserver/fair_pool.hpp"

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace slipway::apiserver {

FairPool::FairPool(std::size_t threads)
    : free_(threads), threads_(std::make_unique<boost::asio::thread_pool>(threads)) {}

FairPool::~FairPool() {
  threads_->stop();
  threads_->join();
}

void FairPool::Run(const std::string& user, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (free_ > 0) {
    --free_;
    Start(std::move(work));
    return;
  }
  std::deque<Work>& own = waiting_[user];
  if (own.empty()) {
    turns_.push_back(user);
  }
  own.push_back(std::move(work));
}

void FairPool::Start(Work work) {
  boost::asio::post(*threads_, [this, work = std::move(work)] {
    work();
    Finished();
  });
}

void FairPool::Finished() {
  const std::lock_guard lock(mutex_);
  if (turns_.empty()) {
    ++free_;
    return;
  }
  const std::string user = std::move(turns_.front());
  turns_.pop_front();
  const auto own = waiting_.find(user);
  Work work = std::move(own->second.front());
  own->second.pop_front();
  if (own->second.empty()) {
    waiting_.erase(own);
  } else {
    turns_.push_back(user);
  }
  Start(std::move(work));
}

}  // namespace slipway::apiserver
