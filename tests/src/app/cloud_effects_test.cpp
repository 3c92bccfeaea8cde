#include "src/app/cloud_effects.hpp"

#include <gtest/gtest.h>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <optional>
#include <stdexcept>

#include "src/app/system_clock.hpp"

namespace slipway::app {
namespace {

/// Answers as a test wants.
class FakeCloud final : public cloud::CloudApi {
 public:
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider) override {
    if (provider.exec->run == "throws") {
      throw std::runtime_error("a fault");
    }
    if (provider.exec->run == "fails") {
      return cloud::Trouble(Code::kTimeout, "Timeout", "it took too long");
    }
    return std::vector<runtime::ListedServer>{{.name = provider.exec->run}};
  }
};

runtime::OutsideResult List(const std::string& run) {
  boost::asio::io_context io;
  FakeCloud cloud;
  const SystemClock clock;
  CloudEffects effects(cloud, clock, io, [](const std::function<void()>& work) { work(); });
  runtime::ListServers request;
  request.provider.exec = api::ExecProvider{.run = run};
  std::optional<runtime::OutsideResult> answer;
  effects.List(request, [&](const runtime::OutsideResult& result) { answer = result; });
  EXPECT_FALSE(answer.has_value()) << "it is given on the home thread";
  io.run();
  return answer.value();
}

TEST(CloudEffects, AListingSaysWhenItWasMade) {
  const auto result = List("web-1");
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const auto& listing = std::get<runtime::ServerListing>(result.value());
  EXPECT_GT(listing.time, Time{});
  EXPECT_EQ(listing.servers->front().name, "web-1");
}

TEST(CloudEffects, AnErrorKeepsItsReasonAndAFaultIsAnError) {
  EXPECT_EQ(runtime::ReasonOf(List("fails").error()), "Timeout");
  EXPECT_EQ(List("throws").error().code, Code::kInternal);
}

}  // namespace
}  // namespace slipway::app
