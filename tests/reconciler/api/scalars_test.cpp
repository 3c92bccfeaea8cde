#include "reconciler/api/scalars.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "reconciler/api/meta.hpp"
#include "reconciler/base/rng.hpp"

namespace slipway::api {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Durations, AreReadInEveryUnitAndInSequence) {
  EXPECT_EQ(ParseDuration("90s").value(), seconds(90));
  EXPECT_EQ(ParseDuration("1m30s").value(), seconds(90));
  EXPECT_EQ(ParseDuration("500ms").value(), milliseconds(500));
  EXPECT_EQ(ParseDuration("1.5h").value(), minutes(90));
  EXPECT_EQ(ParseDuration("2h0m0s").value(), hours(2));
  EXPECT_EQ(ParseDuration("0s").value(), seconds(0));
}

TEST(Durations, RoundUpWhatIsFinerThanAMillisecond) {
  EXPECT_EQ(ParseDuration("0.0001s").value(), milliseconds(1));
  EXPECT_EQ(ParseDuration("1.0000000000000000000000001ms").value(), milliseconds(2));
  EXPECT_EQ(ParseDuration("1.0000000000000000000000000ms").value(), milliseconds(1));
}

TEST(Durations, AreRefusedWithWhatIsAllowed) {
  for (const char* text : {"", "5", "s", "-5s", "1d", "1 m", "1m ", "1.s", ".5s", "5S",
                           "99999999999999999999h", "900000h", "1e3s"}) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
    EXPECT_NE(parsed.error().message.find("such as 90s, 1m30s or 500ms"), std::string::npos);
  }
}

TEST(Durations, ArePrintedShortAndReadBackEqual) {
  EXPECT_EQ(FormatDuration(seconds(90)), "1m30s");
  EXPECT_EQ(FormatDuration(hours(1)), "1h");
  EXPECT_EQ(FormatDuration(milliseconds(61'250)), "1m1s250ms");
  EXPECT_EQ(FormatDuration(seconds(0)), "0s");
  Rng rng(1);
  for (int round = 0; round < 10'000; ++round) {
    const Duration length{static_cast<std::int64_t>(rng.Below(1ULL << rng.Below(41)))};
    ASSERT_EQ(ParseDuration(FormatDuration(length)).value(), length) << length.count();
  }
}

TEST(Times, AreReadWithFractionsAndOffsets) {
  const Time time =
      std::chrono::sys_days{std::chrono::year(2026) / 11 / 24} + hours(2) + minutes(15);
  EXPECT_EQ(ParseTime("2026-11-24T02:15:00Z").value(), time);
  EXPECT_EQ(ParseTime("2026-11-24T03:45:00+01:30").value(), time);
  EXPECT_EQ(ParseTime("2026-11-23T21:15:00-05:00").value(), time);
  EXPECT_EQ(ParseTime("2026-11-24T02:15:00.5Z").value(), time + milliseconds(500));
  EXPECT_EQ(ParseTime("2026-11-24T02:15:00.123999999Z").value(), time + milliseconds(123));
}

TEST(Times, AreRefusedWhereTheyDoNotExist) {
  for (const char* text : {"", "2026-11-24", "2026-11-24 02:15:00Z", "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T02:60:00Z",
                           "2026-11-24T02:15:60Z", "2026-11-24T02:15:00", "2026-11-24T02:15:00.Z",
                           "2026-11-24T02:15:00+1:00", "2026-11-24T02:15:00Zx"}) {
    EXPECT_TRUE(ParseTime(text).has_error()) << text;
  }
}

TEST(Times, ArePrintedInUtcAndReadBackEqual) {
  EXPECT_EQ(FormatTime(ParseTime("2026-11-24T03:15:00+01:00").value()), "2026-11-24T02:15:00Z");
  EXPECT_EQ(FormatTime(Time{milliseconds(1)}), "1970-01-01T00:00:00.001Z");
  Rng rng(2);
  for (int round = 0; round < 10'000; ++round) {
    const Time time{
        Duration{static_cast<std::int64_t>(rng.Below(253'402'300'800'000)) - 62'135'596'800'000}};
    ASSERT_EQ(ParseTime(FormatTime(time)).value(), time) << FormatTime(time);
  }
}

TEST(CountsOrPercentages, WavesRoundUpAndBudgetsRoundDown) {
  EXPECT_EQ(IntOrPercent::Percent(25).ResolveUp(6), 2);
  EXPECT_EQ(IntOrPercent::Percent(25).ResolveDown(6), 1);
  EXPECT_EQ(IntOrPercent::Percent(1).ResolveUp(1), 1);
  EXPECT_EQ(IntOrPercent::Percent(99).ResolveDown(1), 0);
  EXPECT_EQ(IntOrPercent::Percent(100).ResolveUp(7), 7);
  EXPECT_EQ(IntOrPercent::Percent(50).ResolveUp(0), 0);
  EXPECT_EQ(IntOrPercent::Count(9).ResolveUp(6), 9);
  EXPECT_EQ(IntOrPercent::Percent(100).ResolveDown(std::numeric_limits<std::int64_t>::max()),
            std::numeric_limits<std::int64_t>::max());
}

TEST(CountsOrPercentages, AreReadAndPrinted) {
  EXPECT_EQ(ParseIntOrPercent("25%").value(), IntOrPercent::Percent(25));
  EXPECT_EQ(ParseIntOrPercent("3").value(), IntOrPercent::Count(3));
  EXPECT_EQ(FormatIntOrPercent(IntOrPercent::Percent(10)), "10%");
  for (const char* text :
       {"", "ten", "%", "-1", "101%", "2.5%", "25 %", "25%%", "99999999999999999999"}) {
    const auto parsed = ParseIntOrPercent(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_EQ(parsed.error().message, "must be a count or a percentage, such as 3 or 25%");
  }
}

TEST(Quantities, AreReadInEveryForm) {
  EXPECT_EQ(ParseQuantity("500m").value().milli(), 500);
  EXPECT_EQ(ParseQuantity("1.5").value().milli(), 1500);
  EXPECT_EQ(ParseQuantity("10k").value().milli(), 10'000'000);
  EXPECT_EQ(ParseQuantity("1Gi").value(), Quantity::Milli(1024LL * 1024 * 1024 * 1000, true));
  EXPECT_EQ(ParseQuantity("-2").value().milli(), -2000);
  for (const char* text :
       {"", "m", "1.", "1e", "1KiB", "0x10", "--1", "9999999999999999999", "100P"}) {
    EXPECT_TRUE(ParseQuantity(text).has_error()) << text;
  }
}

TEST(Versions, AreNumbersOrNone) {
  EXPECT_EQ(VersionNumber("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "0", "abc", "12a", "-1", " 7", "18446744073709551616"}) {
    EXPECT_EQ(VersionNumber(text), 0U) << text;
  }
}

TEST(Quantities, ArePrintedShortAndReadBackEqual) {
  EXPECT_EQ(FormatQuantity(ParseQuantity("1024Mi").value()), "1Gi");
  EXPECT_EQ(FormatQuantity(ParseQuantity("1.5").value()), "1500m");
  EXPECT_EQ(FormatQuantity(ParseQuantity("1500k").value()), "1500k");
  EXPECT_EQ(FormatQuantity(Quantity()), "0");
  Rng rng(3);
  for (int round = 0; round < 10'000; ++round) {
    const auto milli = static_cast<std::int64_t>(rng.Below(1ULL << rng.Below(60)));
    const Quantity amount = Quantity::Milli(rng.Chance(50) ? milli : -milli);
    ASSERT_EQ(ParseQuantity(FormatQuantity(amount)).value().milli(), amount.milli())
        << amount.milli();
  }
}

}  // namespace
}  // namespace slipway::api
