#include "src/apiserver/list_body.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "src/objects/kinds.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using BodyPtr = std::shared_ptr<http::BodySource>;

const objects::KindInfo& ConfigMaps() { return *objects::FindByKind("v1", "ConfigMap"); }

/// A list that is several pieces long.
ListText Large() {
  ObjectList list;
  for (int i = 0; i < 6; ++i) {
    list.items.emplace_back(
        std::make_shared<const std::string>(
            R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":")" +
            std::string(400 << 10, 'x') + "\"}}"),
        i + 1);
  }
  return {ConfigMaps(), std::move(list), Form(), Time()};
}

asio::awaitable<void> TakeAll(BodyPtr body, std::shared_ptr<std::string> all) {
  for (;;) {
    const auto piece = co_await body->Next();
    if (!piece.has_value() || piece.value().empty()) {
      co_return;
    }
    *all += piece.value();
  }
}

TEST(ListBody, IsAllOfTheTextInPieces) {
  FairPool pool(1);
  const auto response = ShowList({}, Large(), pool, "user");
  ASSERT_TRUE(response.has_value());
  EXPECT_LT(response.value().body.size(), std::size_t{1} << 20);
  EXPECT_GT(response.value().rest->held(), std::size_t{2} << 20);
  const auto all = std::make_shared<std::string>(response.value().body);
  asio::io_context io;
  asio::co_spawn(io, TakeAll(response.value().rest, all), asio::detached);
  io.run();
  std::string whole;
  ListText text = Large();
  for (auto piece = text.Next(); !piece.value().empty(); piece = text.Next()) {
    whole += piece.value();
  }
  EXPECT_EQ(*all, whole);
}

TEST(ListBody, APoolThatEndsKeepsNobodyWaiting) {
  auto pool = std::make_unique<FairPool>(1);
  std::atomic<bool> ending = false;
  pool->Run("other", [&] { ending.wait(false); });
  std::weak_ptr<std::string> taken;
  {
    asio::io_context io;
    {
      const auto all = std::make_shared<std::string>();
      taken = all;
      const auto response = ShowList({}, Large(), *pool, "user");
      asio::co_spawn(io, TakeAll(response.value().rest, all), asio::detached);
    }
    io.poll();
    EXPECT_FALSE(taken.expired()) << "it waits for its turn";
    std::atomic<bool> begun = false;
    std::thread other([&] {
      begun.wait(false);
      ending = true;
      ending.notify_all();
    });
    begun = true;
    begun.notify_all();
    pool.reset();
    other.join();
  }
  EXPECT_TRUE(taken.expired());
}

}  // namespace
}  // namespace slipway::apiserver
