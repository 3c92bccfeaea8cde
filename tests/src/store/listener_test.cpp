#include "src/store/listener.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

TEST(Listener, IsNotCalledAfterItsEnd) {
  int calls = 0;
  Listener listener;
  listener.ready = [&] { ++calls; };
  listener.Call();
  listener.End();
  listener.Call();
  EXPECT_EQ(calls, 1);
}

TEST(Listener, ItsEndWaitsForACallThatIsRunning) {
  std::promise<void> running;
  std::promise<void> go;
  std::atomic<bool> finished = false;
  Listener listener;
  listener.ready = [&] {
    running.set_value();
    go.get_future().wait();
    finished = true;
  };
  auto call = std::async(std::launch::async, [&] { listener.Call(); });
  running.get_future().wait();
  auto end = std::async(std::launch::async, [&] {
    listener.End();
    return finished.load();
  });
  go.set_value();
  EXPECT_TRUE(end.get()) << "it returned while the call was running";
  call.get();
}

}  // namespace
}  // namespace slipway::store
