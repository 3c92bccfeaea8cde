#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace {

/// The gateway's log speaks of faults that are meant to happen.
class Quiet final : public ::testing::Environment {
 public:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }
};

[[maybe_unused]] ::testing::Environment* const quiet =
    ::testing::AddGlobalTestEnvironment(new Quiet);

}  // namespace
