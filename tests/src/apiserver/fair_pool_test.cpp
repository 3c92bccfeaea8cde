#include "src/apiserver/fair_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace slipway::apiserver {
namespace {

using testing::ElementsAre;

TEST(FairPool, UsersTakeTurns) {
  std::promise<void> begin;
  std::promise<void> end;
  std::vector<std::string> order;  // of the one thread of the pool
  FairPool pool(1);
  pool.Run("eve", [&] { begin.get_future().wait(); });
  for (const char* work : {"eve 1", "eve 2", "eve 3"}) {
    pool.Run("eve", [&order, work] { order.emplace_back(work); });
  }
  pool.Run("eve", [&] { end.set_value(); });
  pool.Run("bob", [&] { order.emplace_back("bob 1"); });
  pool.Run("ann", [&] { order.emplace_back("ann 1"); });
  pool.Run("bob", [&] { order.emplace_back("bob 2"); });
  begin.set_value();
  end.get_future().wait();
  EXPECT_THAT(order, ElementsAre("eve 1", "bob 1", "ann 1", "eve 2", "bob 2", "eve 3"));
}

TEST(FairPool, ThreadsWorkAtOnce) {
  std::promise<void> first;
  std::promise<void> second;
  std::promise<void> both;
  FairPool pool(2);
  pool.Run("eve", [&] {
    first.set_value();
    second.get_future().wait();
    both.set_value();
  });
  pool.Run("eve", [&] {
    first.get_future().wait();
    second.set_value();
  });
  both.get_future().wait();
}

}  // namespace
}  // namespace slipway::apiserver
