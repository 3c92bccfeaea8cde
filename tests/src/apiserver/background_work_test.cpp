#include "src/apiserver/registry/background_work.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

/// Looks at something, and rests for an hour, again and again.
class BackgroundWorkTest : public testing::Test {
 protected:
  asio::awaitable<void> Look() {
    while (!work_->stopping()) {
      ++looks_;
      co_await asio::post(io_, asio::use_awaitable);
      co_await work_->Rest(steady_clock::now() + std::chrono::hours(1));
    }
  }

  void Stop() {
    work_->Stop([this] {
      stopped_ = true;
      work_.reset();
    });
  }

  asio::io_context io_;
  std::unique_ptr<BackgroundWork> work_ = std::make_unique<BackgroundWork>(io_);
  int looks_ = 0;
  bool stopped_ = false;
};

TEST_F(BackgroundWorkTest, RestsUntilItIsWokenOrStopped) {
  work_->Start(Look());
  io_.poll();
  EXPECT_EQ(looks_, 1);
  work_->Wake();
  io_.poll();
  EXPECT_EQ(looks_, 2);
  Stop();
  EXPECT_FALSE(stopped_) << "not before it returns";
  io_.poll();
  EXPECT_TRUE(stopped_);
  EXPECT_EQ(looks_, 2);
}

TEST_F(BackgroundWorkTest, AStopInTheMiddleIsNotFollowedByARest) {
  work_->Start(Look());
  while (looks_ == 0) {
    io_.run_one();
  }
  Stop();
  io_.poll();
  EXPECT_TRUE(stopped_);
}

TEST_F(BackgroundWorkTest, WhatNeverStartedIsStoppedToo) {
  Stop();
  EXPECT_FALSE(stopped_);
  io_.poll();
  EXPECT_TRUE(stopped_);
}

}  // namespace
}  // namespace slipway::apiserver
