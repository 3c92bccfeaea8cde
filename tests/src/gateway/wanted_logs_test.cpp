#include "src/gateway/wanted_logs.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace slipway::gateway {
namespace {

using namespace std::chrono_literals;

class WantedLogsTest : public ::testing::Test {
 protected:
  void Want(const std::string& id) {
    logs_.Add(id, "default/web-1", MonoTime{15s},
              [this](Result<std::string> log) { log_ = std::move(log); });
  }

  WantedLogs logs_;
  std::optional<Result<std::string>> log_;
};

TEST_F(WantedLogsTest, OnlyTheServerThatWasAskedMayAnswerAndOnlyOnce) {
  Want("a");
  EXPECT_EQ(logs_.Take("a", "default/web-2"), nullptr);
  EXPECT_EQ(logs_.Take("b", "default/web-1"), nullptr);
  const WantedLogs::Done done = logs_.Take("a", "default/web-1");
  ASSERT_NE(done, nullptr);
  done(std::string("text"));
  EXPECT_EQ(log_->value(), "text");
  EXPECT_EQ(logs_.Take("a", "default/web-1"), nullptr);
}

TEST_F(WantedLogsTest, WhoWaitsTooLongIsToldSo) {
  Want("a");
  logs_.Expire(MonoTime{14s});
  EXPECT_FALSE(log_);
  logs_.Expire(MonoTime{15s});
  ASSERT_TRUE(log_ && !log_->has_value());
  EXPECT_EQ(log_->error().code, Code::kTimeout);
  EXPECT_EQ(logs_.Take("a", "default/web-1"), nullptr);
}

TEST_F(WantedLogsTest, IdsDiffer) { EXPECT_NE(WantedLogs::NewId(), WantedLogs::NewId()); }

}  // namespace
}  // namespace slipway::gateway
