#include "src/app/cloud_effects.hpp"

#include <gtest/gtest.h>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <optional>
#include <stdexcept>

#include "src/process/system_clock.hpp"
#include "tests/src/gateway/fake_client.hpp"

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
};

class CloudEffectsTest : public ::testing::Test {
 protected:
  runtime::OutsideResult Ask(const runtime::ListServers& request) {
    answer_.reset();
    effects_.List("default", request,
                  [this](const runtime::OutsideResult& result) { answer_ = result; });
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
  const process::SystemClock clock_;
  metrics::Metrics metrics_;
  Result<kube::ObjectText> secret_ = Fail(Code::kInternal, "");
  std::optional<runtime::OutsideResult> answer_;
  CloudEffects effects_{client_,  cloud_, clock_,
                        metrics_, io_,    [](const std::function<void()>& work) { work(); }};
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

TEST_F(CloudEffectsTest, AnErrorKeepsItsReasonAndAFaultIsAnError) {
  EXPECT_EQ(runtime::ReasonOf(List("fails").error()), "Timeout");
  EXPECT_EQ(List("throws").error().code, Code::kInternal);
}

}  // namespace
}  // namespace slipway::app
