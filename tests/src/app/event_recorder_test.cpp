#include "src/app/event_recorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "tests/src/gateway/fake_client.hpp"

namespace slipway::app {
namespace {

using nlohmann::json;
using testing::IsEmpty;
using testing::SizeIs;

class StandingClock final : public Clock {
 public:
  Time Now() const override { return now; }
  MonoTime Mono() const override { return {}; }

  Time now{std::chrono::hours(24)};
};

class EventRecorderTest : public testing::Test {
 protected:
  void Saw(const std::string& ready, const std::string& reason, const std::string& message,
           const std::string& stalled = "False", const std::string& name = "web") {
    const json object = {
        {"metadata", {{"uid", "u-" + name}, {"resourceVersion", "7"}}},
        {"status",
         {{"conditions",
           {{{"type", "Ready"}, {"status", ready}, {"reason", reason}, {"message", message}},
            {{"type", "Stalled"}, {"status", stalled}, {"reason", reason}}}}}}};
    recorder_.Saw({runtime::Kind::kFleet, "prod", name}, object.dump());
  }
  /// The Event that is created next, as the store takes it.
  json Created() {
    const auto create = gateway::FakeClient::TakeFrom(client_.creates);
    client_.stored[create.object.name] = create.json;
    create.done(std::make_shared<const std::string>(create.json));
    return ReadJson(create.json);
  }
  /// The operations on one that is there already.
  json Counted() {
    const auto create = gateway::FakeClient::TakeFrom(client_.creates);
    create.done(Fail(Code::kAlreadyExists, "it is there"));
    const auto patch = gateway::FakeClient::TakeFrom(client_.patches);
    EXPECT_EQ(patch.object, create.object);
    json stored = ReadJson(client_.stored.at(patch.object.name)).patch(ReadJson(patch.json));
    client_.stored[patch.object.name] = stored.dump();
    patch.done(std::make_shared<const std::string>(stored.dump()));
    return stored;
  }

  gateway::FakeClient client_;
  StandingClock clock_;
  EventRecorder recorder_{client_, clock_};
};

TEST_F(EventRecorderTest, AFailureIsAWarningOfItsObject) {
  Saw("False", "AccessDenied", "no (request req-1)", "True");
  ASSERT_THAT(client_.creates, SizeIs(1));
  EXPECT_EQ(client_.creates[0].object.plural, "events");
  const json event = Created();
  EXPECT_EQ(event["metadata"]["namespace"], "prod");
  EXPECT_EQ(event["metadata"]["name"].get<std::string>().substr(0, 4), "web.");
  EXPECT_EQ(event["involvedObject"], ReadJson(R"({"apiVersion":"slipway.dev/v1alpha1",
      "kind":"Fleet","namespace":"prod","name":"web","uid":"u-web","resourceVersion":"7"})"));
  EXPECT_EQ(event["type"], "Warning");
  EXPECT_EQ(event["reason"], "AccessDenied");
  EXPECT_EQ(event["message"], "no (request req-1)");
  EXPECT_EQ(event["count"], 1);
  EXPECT_EQ(event["firstTimestamp"], "1970-01-02T00:00:00Z");
}

TEST_F(EventRecorderTest, WhatPassesIsAWarningAndGoodNewsAreNone) {
  Saw("False", "Throttled", "slowly");
  EXPECT_EQ(Created()["type"], "Warning");
  Saw("True", "Succeeded", "3 servers are listed.");
  EXPECT_EQ(Created()["type"], "Normal");
  Saw("False", "Listing", "Asks.");
  EXPECT_EQ(Created()["type"], "Normal");
  Saw("False", "Unreachable", "Nobody is there.");
  EXPECT_EQ(Created()["type"], "Warning");
  Saw("False", "ListUnfinished", "The next one goes on.");
  EXPECT_EQ(Created()["type"], "Warning");
}

TEST_F(EventRecorderTest, AFailureIsCountedEachTimeAndProgressIsNot) {
  Saw("False", "AccessDenied", "no (request req-1)", "True");
  const json first = Created();
  clock_.now += std::chrono::minutes(1);
  Saw("False", "AccessDenied", "no (request req-2)", "True");
  const json again = Counted();
  EXPECT_EQ(again["count"], 2);
  EXPECT_EQ(again["message"], "no (request req-2)");
  EXPECT_EQ(again["firstTimestamp"], first["firstTimestamp"]);
  EXPECT_EQ(again["lastTimestamp"], "1970-01-02T00:01:00Z");
  Saw("False", "AccessDenied", "no (request req-2)", "True");
  EXPECT_THAT(client_.creates, IsEmpty()) << "nothing is new";
  Saw("True", "Succeeded", "3 servers are listed.");
  Created();
  Saw("True", "Succeeded", "4 servers are listed.");
  EXPECT_THAT(client_.creates, IsEmpty());
}

TEST_F(EventRecorderTest, OneIsWrittenAfterTheOtherAndWhatWaitsIsPutTogether) {
  Saw("False", "AccessDenied", "no", "True", "a");
  for (int i = 0; i < 3; ++i) {
    Saw("False", "AccessDenied", "no " + std::to_string(i), "True", "b");
  }
  ASSERT_THAT(client_.creates, SizeIs(1));
  Created();
  ASSERT_THAT(client_.creates, SizeIs(1));
  EXPECT_EQ(Created()["message"], "no 2");
  EXPECT_THAT(client_.creates, IsEmpty());
}

TEST_F(EventRecorderTest, AnEventThatCannotBeWrittenHoldsNoOtherBack) {
  Saw("False", "AccessDenied", "no", "True", "a");
  Saw("False", "AccessDenied", "no", "True", "b");
  gateway::FakeClient::TakeFrom(client_.creates).done(Fail(Code::kTooManyRequests, "later"));
  EXPECT_EQ(Created()["involvedObject"]["name"], "b");
}

TEST_F(EventRecorderTest, ObjectsWithoutSuchAConditionAreLeftAlone) {
  const runtime::Key key{runtime::Kind::kFleet, "prod", "web"};
  for (const char* object : {"", "{", "{}", R"({"status":{}})", R"({"status":{"conditions":[]}})",
                             R"({"status":{"conditions":[{"type":"Ready"}]}})"}) {
    recorder_.Saw(key, object);
  }
  EXPECT_THAT(client_.creates, IsEmpty());
}

TEST_F(EventRecorderTest, AfterTheStopNothingIsRecorded) {
  Saw("False", "AccessDenied", "no", "True", "a");
  Saw("False", "AccessDenied", "no", "True", "b");
  recorder_.Stop();
  gateway::FakeClient::TakeFrom(client_.creates).done(Fail(Code::kUnavailable, "stopping"));
  Saw("False", "AccessDenied", "no", "True", "c");
  EXPECT_THAT(client_.creates, IsEmpty());
}

}  // namespace
}  // namespace slipway::app
