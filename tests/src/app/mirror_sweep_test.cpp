#include "src/app/mirror_sweep.hpp"

#include <gtest/gtest.h>

#include "src/git/mirror_id.hpp"
#include "src/process/process_runner.hpp"
#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::app {
namespace {

using Ids = std::vector<std::string>;

std::string Object(const std::string& name, const std::string& uid) {
  return R"({"metadata": {"namespace": "default", "name": ")" + name + R"(", "uid": ")" + uid +
         R"("}})";
}

class MirrorSweepTest : public testing::Test {
 protected:
  MirrorSweepTest() {
    for (const char* uid : {"1", "2"}) EXPECT_TRUE(mirrors_.Get(Id("shop", uid)).has_value());
  }

  static std::string Id(const std::string& name, const std::string& uid) {
    return git::MirrorIdOf("default", name, Uid(uid));
  }

  Ids OnDisk() const { return mirrors_.List().value(); }

  kube::ObjectSink& Sink() { return *client_.sinks.at("gitrepositories"); }

  git::test::Directory directory_;
  process::PosixProcessRunner runner_;
  git::MirrorSet mirrors_{git::test::Options(directory_), runner_};
  git::PackCache packs_{{.directory = directory_ / "packs"}, mirrors_, runner_};
  gateway::FakeClient client_;
  MirrorSweep sweep_{client_, mirrors_, packs_, [](const std::function<void()>& work) { work(); }};
};

TEST_F(MirrorSweepTest, WhatWasDeletedWhileNobodyLookedGoesAtTheStart) {
  sweep_.Start();
  EXPECT_EQ(OnDisk(), (Ids{Id("shop", "1"), Id("shop", "2")})) << "until it is known who is there";
  client_.List({{"gitrepositories", {Object("shop", "2")}}});
  EXPECT_EQ(OnDisk(), Ids{Id("shop", "2")});
}

TEST_F(MirrorSweepTest, AMirrorGoesWithItsObject) {
  sweep_.Start();
  client_.List({{"gitrepositories", {Object("shop", "1"), Object("shop", "2")}}});
  Sink().Deleted(std::make_shared<const std::string>(Object("shop", "1")));
  EXPECT_EQ(OnDisk(), Ids{Id("shop", "2")});
}

TEST_F(MirrorSweepTest, WhatWasDeletedInAGapGoesAndWhatIsNewerThanTheListStays) {
  sweep_.Start();
  client_.List({{"gitrepositories", {Object("shop", "1"), Object("shop", "2")}}});
  client_.Tell("gitrepositories", Object("new", "3"));
  ASSERT_TRUE(mirrors_.Get(Id("new", "3")).has_value());
  // Made after the list that comes next was read, and not heard of yet.
  ASSERT_TRUE(mirrors_.Get(Id("newer", "4")).has_value());
  Sink().Expired();
  client_.List({{"gitrepositories", {Object("shop", "2")}}});
  EXPECT_EQ(OnDisk(), (Ids{Id("newer", "4"), Id("shop", "2")}));
}

}  // namespace
}  // namespace slipway::app
