#include "src/app/controllers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <stdexcept>
#include <vector>

#include "reconciler/api/gitrepository.hpp"
#include "src/cloud/exec/exec_cloud.hpp"
#include "src/process/system_clock.hpp"
#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Every program that is run throws.
class BrokenRunner final : public process::ProcessRunner {
 public:
  Result<process::ProcessOutcome> Run(const process::ProcessRequest& /*request*/) override {
    throw std::runtime_error("out of luck");
  }
};

/// One GitRepository, whose first poll waits for a thread.
class ControllersTest : public testing::Test {
 protected:
  void SetUp() override {
    api::GitRepository repository;
    repository.metadata = {
        .name = "shop", .ns = "default", .uid = Uid("one"), .resource_version = "1"};
    repository.metadata.generation = 1;
    repository.spec.url = "https://git.example.org/shop.git";
    controllers_.Start();
    client_.List({{"gitrepositories", {api::Encode(repository)}}});
    Run();
    ASSERT_THAT(client_.writes, SizeIs(1)) << "the status comes before what it announces";
    const auto write = client_.TakeWrite();
    repository.status = api::Decode<api::GitRepositoryStatus>(write.status).value();
    repository.metadata.resource_version = "2";
    write.done(std::make_shared<const std::string>(api::Encode(repository)));
    Run();
    ASSERT_THAT(polls_, SizeIs(1));
  }

  void Run() {
    io_.restart();
    while (io_.poll_one() != 0) {
    }
  }

  git::test::Directory directory_;
  boost::asio::io_context io_;
  process::SystemClock clock_;
  gateway::FakeClient client_;
  BrokenRunner runner_;
  git::MirrorSet mirrors_{
      git::MirrorOptions{
          .directory = directory_.path(), .worker_argv = {"worker"}, .allow_file = false},
      runner_};
  std::vector<std::function<void()>> polls_;
  GitEffects effects_{client_, mirrors_, io_, [](const std::function<void()>& work) { work(); },
                      [this](std::function<void()> work) { polls_.push_back(std::move(work)); }};
  metrics::Metrics metrics_;
  cloud::ExecCloud cloud_{runner_, {}, nullptr};
  CloudEffects listings_{client_,  cloud_, clock_,
                         metrics_, io_,    [](const std::function<void()>& work) { work(); }};
  Controllers controllers_{io_, client_, effects_, listings_, clock_, metrics_, {}};
};

TEST_F(ControllersTest, WorkThatThrowsIsSaidOnItsObject) {
  polls_[0]();
  Run();
  ASSERT_THAT(client_.writes, SizeIs(1));
  EXPECT_EQ(client_.writes[0].object.name, "shop");
  EXPECT_THAT(client_.writes[0].status, HasSubstr("out of luck"));
}

TEST_F(ControllersTest, NewsFromAnotherThreadAreDroppedOnceItIsGone) {
  metrics::Metrics metrics;
  auto other = std::make_unique<Controllers>(io_, client_, effects_, listings_, clock_, metrics,
                                             Controllers::Options{});
  const auto outdated = other->OutdatedFromElsewhere();
  outdated(runtime::ListServers());
  other->Stop();
  outdated(runtime::ListServers());
  other.reset();
  outdated(runtime::ListServers());
  Run();
  EXPECT_THAT(client_.writes, IsEmpty());
}

TEST_F(ControllersTest, WhatEndsAfterTheStopIsNotLookedAt) {
  controllers_.Stop();
  polls_[0]();
  Run();
  EXPECT_THAT(client_.writes, IsEmpty());
}

}  // namespace
}  // namespace slipway::app
