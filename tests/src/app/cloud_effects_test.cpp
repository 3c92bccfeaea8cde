#include "src/app/cloud_effects.hpp"

#include <gtest/gtest.h>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <optional>
#include <stdexcept>

#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::app {
namespace {

/// Answers as a test wants.
class FakeCloud final : public cloud::CloudApi {
 public:
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const cloud::SecretData& secret) override {
    if (provider.aws) {
      return std::vector<runtime::ListedServer>{{.name = secret.at("accessKeyID")}};
    }
    if (provider.exec->run == "throws") {
      throw std::runtime_error("a fault");
    }
    if (provider.exec->run == "fails") {
      return cloud::Trouble(Code::kTimeout, "Timeout", "it took too long");
    }
    return std::vector<runtime::ListedServer>{{.name = provider.exec->run}};
  }

  Result<std::vector<runtime::ListedServer>> ListKnowing(const std::vector<std::string>& known,
                                                         const api::Provider& provider,
                                                         const cloud::SecretData& secret) override {
    fleet_has = known;
    return List(provider, secret);
  }

  Result<void> CompleteLaunch(const runtime::CompleteLaunch& launch,
                              const cloud::SecretData& secret, MonoTime deadline) override {
    deadlines.push_back(deadline);
    if (launch.server == "throws") {
      throw std::runtime_error("a fault");
    }
    return launch.server == secret.at("accessKeyID")
               ? Ok()
               : Result<void>(cloud::Trouble(Code::kForbidden, "AccessDenied", "no"));
  }

  std::vector<std::string> fleet_has;
  std::vector<MonoTime> deadlines;  ///< of launches
};

class CloudEffectsTest : public ::testing::Test {
 protected:
  runtime::OutsideResult Ask(const runtime::ListServers& request) {
    return AnswerTo(
        [&](const CloudEffects::Done& done) { effects_.List("default", request, done); });
  }

  /// Of a provider whose Secret says accessKeyID: web-1.
  runtime::OutsideResult CompleteLaunch(const std::string& server) {
    secret_ = std::make_shared<const std::string>(R"({"data":{"accessKeyID":"d2ViLTE="}})");
    runtime::CompleteLaunch request;
    request.provider.aws =
        api::AwsProvider{.regions = {"eu-west-1"}, .secret_ref = api::SecretRef{.name = "keys"}};
    request.server = server;
    return AnswerTo(
        [&](const CloudEffects::Done& done) { effects_.CompleteLaunch("default", request, done); });
  }

  runtime::OutsideResult AnswerTo(const std::function<void(const CloudEffects::Done&)>& ask) {
    answer_.reset();
    ask([this](const runtime::OutsideResult& result) { answer_ = result; });
    for (auto& get : client_.gets) {
      get.done(secret_);
    }
    EXPECT_EQ(answer_.has_value(), !client_.gets.empty() && !secret_.has_value())
        << "what a provider says is given on the home thread";
    client_.gets.clear();
    io_.restart();
    io_.run();
    return answer_.value();
  }

  runtime::OutsideResult List(const std::string& run) {
    runtime::ListServers request;
    request.provider.exec = api::ExecProvider{.run = run};
    return Ask(request);
  }

  runtime::OutsideResult ListWithSecret(const Result<kube::ObjectText>& secret) {
    secret_ = secret;
    runtime::ListServers request;
    request.provider.aws =
        api::AwsProvider{.regions = {"eu-west-1"}, .secret_ref = api::SecretRef{.name = "keys"}};
    return Ask(request);
  }

  boost::asio::io_context io_;
  gateway::FakeClient client_;
  FakeCloud cloud_;
  TestClock clock_{Time(Duration(1'000))};
  Duration queued_{0};  ///< what waits for a thread waits so long
  metrics::Metrics metrics_;
  Result<kube::ObjectText> secret_ = Fail(Code::kInternal, "");
  std::optional<runtime::OutsideResult> answer_;
  CloudEffects effects_{
      client_, cloud_, clock_, metrics_, io_, [this](const std::function<void()>& work) {
        clock_.mono = clock_.mono + queued_;
        work();
      }};
};

TEST_F(CloudEffectsTest, AListingSaysWhenItWasMade) {
  const auto result = List("web-1");
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const auto& listing = std::get<runtime::ServerListing>(result.value());
  EXPECT_GT(listing.time, Time{});
  EXPECT_EQ(listing.servers->front().name, "web-1");
}

TEST_F(CloudEffectsTest, TheProviderGetsTheSecretThatItNames) {
  const auto result =
      ListWithSecret(std::make_shared<const std::string>(R"({"data":{"accessKeyID":"QUtJRA=="}})"));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(std::get<runtime::ServerListing>(result.value()).servers->front().name, "AKID");
  const auto missing = ListWithSecret(Fail(Code::kNotFound, "secrets keys not found"));
  EXPECT_EQ(runtime::ReasonOf(missing.error()), "SecretNotFound");
  EXPECT_EQ(missing.error().message,
            "The Secret keys that secretRef names does not exist: create it.");
  EXPECT_EQ(ListWithSecret(Fail(Code::kUnavailable, "the store is closed")).error().code,
            Code::kUnavailable);
}

TEST_F(CloudEffectsTest, TheProviderHearsWhatTheFleetHas) {
  runtime::ListServers request;
  request.provider.exec = api::ExecProvider{.run = "web-1"};
  const std::vector<std::string> names{"web-1", "web-2"};
  request.known = std::make_shared<const std::vector<std::string>>(names);
  EXPECT_TRUE(Ask(request).has_value());
  EXPECT_EQ(cloud_.fleet_has, names);
}

TEST_F(CloudEffectsTest, EveryEndIsCounted) {
  EXPECT_TRUE(List("web-1").has_value());
  EXPECT_FALSE(List("fails").has_value());
  EXPECT_FALSE(List("fails").has_value());
  const std::string text = metrics_.Text();
  EXPECT_NE(text.find(R"(slipway_listings_total{provider="exec",result="Complete"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(slipway_listings_total{provider="exec",result="Timeout"} 2)"),
            std::string::npos)
      << text;
}

TEST_F(CloudEffectsTest, ALaunchIsCompletedWithTheSecretAndCounted) {
  EXPECT_TRUE(CompleteLaunch("web-1").has_value());
  EXPECT_EQ(runtime::ReasonOf(CompleteLaunch("web-2").error()), "AccessDenied");
  EXPECT_EQ(CompleteLaunch("throws").error().code, Code::kInternal);
  const std::string text = metrics_.Text();
  for (const char* line : {R"(slipway_launches_total{provider="aws",result="Completed"} 1)",
                           R"(slipway_launches_total{provider="aws",result="AccessDenied"} 1)"}) {
    EXPECT_NE(text.find(line), std::string::npos) << text;
  }
}

TEST_F(CloudEffectsTest, ALaunchThatWaitsTooLongForAThreadIsDropped) {
  const MonoTime decided = clock_.Mono();
  queued_ = std::chrono::seconds(9);
  EXPECT_TRUE(CompleteLaunch("web-1").has_value());
  EXPECT_EQ(cloud_.deadlines, std::vector{decided + std::chrono::seconds(10)});
  queued_ = std::chrono::seconds(10);
  const auto late = CompleteLaunch("web-1");
  EXPECT_EQ(runtime::ReasonOf(late.error()), "Timeout");
  EXPECT_EQ(cloud_.deadlines.size(), 1U) << "what was promoted meanwhile may not be there";
}

TEST_F(CloudEffectsTest, AnErrorKeepsItsReasonAndAFaultIsAnError) {
  EXPECT_EQ(runtime::ReasonOf(List("fails").error()), "Timeout");
  EXPECT_EQ(List("throws").error().code, Code::kInternal);
}

}  // namespace
}  // namespace slipway::app
