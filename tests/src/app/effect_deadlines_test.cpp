#include "src/app/git_effects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Runs no program: does what the test says instead.
class FakeRunner final : public process::ProcessRunner {
 public:
  Result<process::ProcessOutcome> Run(const process::ProcessRequest& /*request*/) override {
    run();
    return process::ProcessOutcome{.exit_code = 1};
  }

  std::function<void()> run = [] {};
};

/// Pools that run nothing before the test says so.
class EffectDeadlinesTest : public testing::Test {
 protected:
  static GitEffects::RunOnPool To(std::vector<std::function<void()>>& pool) {
    return [&pool](std::function<void()> work) { pool.push_back(std::move(work)); };
  }

  void Fetch() {
    runtime::FetchRepository fetch{.repository = "shop", .uid = Uid("one"), .spec = {}};
    fetch.spec.url = "https://git.example.org/shop.git";
    fetch.spec.timeout = 0s;
    effects_.Execute("default", fetch, [this](runtime::OutsideResult result) {
      results_.push_back(std::move(result));
    });
  }

  void Resolve(const std::string& repository) {
    effects_.Execute(
        "default", runtime::ResolveRevision{.repository = repository, .uid = Uid("one")},
        [this](runtime::OutsideResult result) { results_.push_back(std::move(result)); });
  }

  /// Runs the home thread until there are so many results.
  void Await(std::size_t results) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (results_.size() < results && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_one_for(100ms);
    }
    ASSERT_EQ(results_.size(), results);
  }

  git::test::Directory directory_;
  boost::asio::io_context io_;
  gateway::FakeClient client_;
  FakeRunner runner_;
  git::MirrorSet mirrors_{
      git::MirrorOptions{
          .directory = directory_.path(), .worker_argv = {"worker"}, .allow_file = false},
      runner_};
  std::vector<std::function<void()>> look_ups_;
  std::vector<std::function<void()>> polls_;
  GitEffects effects_{client_,       mirrors_,   io_,
                      To(look_ups_), To(polls_), {.look_up = 60s, .beyond_timeout = 50ms}};
  std::vector<runtime::OutsideResult> results_;
};

TEST_F(EffectDeadlinesTest, WorkThatThrowsIsAnError) {
  runner_.run = [] { throw std::runtime_error("out of luck"); };
  Fetch();
  polls_.at(0)();
  Await(1);
  ASSERT_FALSE(results_[0].has_value());
  EXPECT_EQ(results_[0].error().code, Code::kInternal);
  EXPECT_THAT(results_[0].error().message, HasSubstr("out of luck"));
}

TEST_F(EffectDeadlinesTest, WorkThatHangsIsAnsweredOnce) {
  std::promise<void> release;
  runner_.run = [&] { release.get_future().wait(); };
  Fetch();
  std::thread thread(polls_.at(0));
  Await(1);
  ASSERT_FALSE(results_[0].has_value());
  EXPECT_EQ(results_[0].error().code, Code::kTimeout);
  release.set_value();
  thread.join();
  io_.restart();
  io_.run();
  EXPECT_EQ(results_.size(), 1U);
}

TEST_F(EffectDeadlinesTest, WhatWaitsForAThreadHasNoDeadlineYet) {
  Fetch();
  while (io_.poll_one() != 0) {
  }
  EXPECT_TRUE(results_.empty());
}

TEST_F(EffectDeadlinesTest, OneMirrorKeepsOneThreadBusyAtMost) {
  Resolve("shop");
  Resolve("shop");
  Resolve("shop");
  Resolve("blog");
  ASSERT_EQ(look_ups_.size(), 2U);
  look_ups_[1]();
  Await(1);
  EXPECT_EQ(look_ups_.size(), 2U);
  look_ups_[0]();
  Await(2);
  io_.restart();
  io_.poll();
  ASSERT_EQ(look_ups_.size(), 3U);
  look_ups_[2]();
  Await(3);
  io_.restart();
  io_.poll();
  ASSERT_EQ(look_ups_.size(), 4U);
  look_ups_[3]();
  Await(4);
}

}  // namespace
}  // namespace slipway::app
