#include "reconciler/api/scalars.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace slipway::api {
namespace {

using Wide = __int128;

constexpr std::int64_t kMillisecond = 1;
constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kLongest = 100 * 366 * 24 * kHour;
constexpr Wide kLargestMilli = std::numeric_limits<std::int64_t>::max();
/// More digits than any value here can have; keeps sums within 128 bits.
constexpr std::size_t kMostDigits = 18;

bool IsDigit(char character) { return character >= '0' && character <= '9'; }

/// Takes the digits at the front of `text`.
std::string_view TakeDigits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) {
    ++count;
  }
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

/// `number`, which is not negative, with zeros in front.
std::string Padded(std::int64_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(digits.size() < width ? width - digits.size() : 0, '0') + digits;
}

/// The number that at most kMostDigits digits say.
std::optional<std::int64_t> Number(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') {
    digits.remove_prefix(1);
  }
  if (digits.empty() || digits.size() > kMostDigits) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  for (const char digit : digits) {
    number = number * 10 + (digit - '0');
  }
  return number;
}

/// `whole`.`fraction` times `unit`, rounded up to a whole number.
std::optional<Wide> Scaled(std::string_view whole, std::string_view fraction, Wide unit) {
  const auto number = Number(whole);
  if (!number) {
    return std::nullopt;
  }
  Wide scaled = Wide{*number} * unit;
  if (!fraction.empty()) {
    const auto rest = Number(fraction.substr(0, kMostDigits));
    Wide divisor = 1;
    for (std::size_t index = 0; index < fraction.size() && index < kMostDigits; ++index) {
      divisor *= 10;
    }
    const bool more =
        fraction.substr(std::min(fraction.size(), kMostDigits)).find_first_not_of('0') !=
        std::string_view::npos;
    const Wide exact = Wide{*rest} * unit;
    scaled += exact / divisor + (exact % divisor != 0 || more ? 1 : 0);
  }
  return scaled;
}

std::optional<std::int64_t> TakeUnit(std::string_view& text) {
  if (Take(text, "ms")) {
    return kMillisecond;
  }
  if (Take(text, "s")) {
    return kSecond;
  }
  if (Take(text, "m")) {
    return kMinute;
  }
  if (Take(text, "h")) {
    return kHour;
  }
  return std::nullopt;
}

std::optional<std::int64_t> TakeFixed(std::string_view& text, std::size_t width) {
  if (text.size() < width) {
    return std::nullopt;
  }
  std::string_view digits = text.substr(0, width);
  const std::string_view taken = TakeDigits(digits);
  if (taken.size() != width) {
    return std::nullopt;
  }
  text.remove_prefix(width);
  return Number(taken);
}

struct Suffix {
  const char* text;
  bool binary;
  std::int64_t milli;
};

constexpr std::int64_t kKibi = 1024;
constexpr std::array<Suffix, 12> kSuffixes = {{
    {"Pi", true, 1000 * kKibi* kKibi* kKibi* kKibi* kKibi},
    {"Ti", true, 1000 * kKibi* kKibi* kKibi* kKibi},
    {"Gi", true, 1000 * kKibi* kKibi* kKibi},
    {"Mi", true, 1000 * kKibi* kKibi},
    {"Ki", true, 1000 * kKibi},
    {"P", false, 1'000'000'000'000'000'000},
    {"T", false, 1'000'000'000'000'000},
    {"G", false, 1'000'000'000'000},
    {"M", false, 1'000'000'000},
    {"k", false, 1'000'000},
    {"m", false, 1},
    {"", false, 1000},
}};

Error NoDuration() {
  return Fail(Code::kInvalid,
              "must be a duration, such as 90s, 1m30s or 500ms, of at most 100 years");
}

Error NoTime() { return Fail(Code::kInvalid, "must be a time, such as 2026-11-24T02:15:00Z"); }

/// The end of a time: "Z" or an offset such as "+02:00".
std::optional<std::chrono::minutes> TakeOffset(std::string_view& text) {
  if (Take(text, "Z")) {
    return std::chrono::minutes{0};
  }
  const bool east = text.starts_with('+');
  if (!east && !text.starts_with('-')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const auto hours = TakeFixed(text, 2);
  const bool colon = Take(text, ":");
  const auto minutes = TakeFixed(text, 2);
  if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  const std::chrono::minutes offset{*hours * 60 + *minutes};
  return east ? offset : -offset;
}

struct Date {
  std::int64_t year, month, day;
};

std::optional<Date> TakeDate(std::string_view& text) {
  const auto year = TakeFixed(text, 4);
  const bool first = Take(text, "-");
  const auto month = TakeFixed(text, 2);
  const bool second = Take(text, "-");
  const auto day = TakeFixed(text, 2);
  if (!year || !first || !month || !second || !day) {
    return std::nullopt;
  }
  return Date{*year, *month, *day};
}

/// "02:15:00.123", in milliseconds.
std::optional<Duration> TakeClock(std::string_view& text) {
  const auto hour = TakeFixed(text, 2);
  const bool first = Take(text, ":");
  const auto minute = TakeFixed(text, 2);
  const bool second = Take(text, ":");
  const auto seconds = TakeFixed(text, 2);
  if (!hour || !first || !minute || !second || !seconds || *hour > 23 || *minute > 59 ||
      *seconds > 59) {
    return std::nullopt;
  }
  std::int64_t milliseconds = 0;
  if (Take(text, ".")) {
    std::string fraction(TakeDigits(text));
    if (fraction.empty()) {
      return std::nullopt;
    }
    fraction.resize(3, '0');
    milliseconds = *Number(fraction);
  }
  return Duration{*hour * kHour + *minute * kMinute + *seconds * kSecond + milliseconds};
}

}  // namespace

std::int64_t IntOrPercent::ResolveUp(std::int64_t total) const {
  return is_percent_ ? static_cast<std::int64_t>((Wide{total} * value_ + 99) / 100) : value_;
}

std::int64_t IntOrPercent::ResolveDown(std::int64_t total) const {
  return is_percent_ ? static_cast<std::int64_t>(Wide{total} * value_ / 100) : value_;
}

std::string FormatIntOrPercent(IntOrPercent value) {
  return std::to_string(value.value()) + (value.is_percent() ? "%" : "");
}

Result<IntOrPercent> ParseIntOrPercent(std::string_view text) {
  std::string_view rest = text;
  const auto number = Number(TakeDigits(rest));
  const bool is_percent = Take(rest, "%");
  if (!number || !rest.empty() || (is_percent && *number > 100)) {
    return Fail(Code::kInvalid, "must be a count or a percentage, such as 3 or 25%");
  }
  return is_percent ? IntOrPercent::Percent(*number) : IntOrPercent::Count(*number);
}

std::string FormatDuration(Duration length) {
  std::int64_t rest = length.count();
  if (rest == 0) {
    return "0s";
  }
  std::string text;
  const auto append = [&](std::int64_t unit, const char* suffix) {
    if (rest >= unit) {
      text += std::to_string(rest / unit) + suffix;
      rest %= unit;
    }
  };
  append(kHour, "h");
  append(kMinute, "m");
  append(kSecond, "s");
  append(kMillisecond, "ms");
  return text;
}

Result<Duration> ParseDuration(std::string_view text) {
  Wide total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view whole = TakeDigits(rest);
    const bool point = Take(rest, ".");
    const std::string_view fraction = point ? TakeDigits(rest) : std::string_view();
    const auto unit = TakeUnit(rest);
    if (whole.empty() || (point && fraction.empty()) || !unit) {
      return NoDuration();
    }
    const auto part = Scaled(whole, fraction, *unit);
    if (!part || total + *part > kLongest) {
      return NoDuration();
    }
    total += *part;
  }
  if (text.empty()) {
    return NoDuration();
  }
  return Duration{static_cast<std::int64_t>(total)};
}

std::string FormatTime(Time time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::int64_t clock = (time - midnight).count();
  std::string text = Padded(static_cast<int>(date.year()), 4) + "-" +
                     Padded(static_cast<unsigned>(date.month()), 2) + "-" +
                     Padded(static_cast<unsigned>(date.day()), 2) + "T" + Padded(clock / kHour, 2) +
                     ":" + Padded(clock % kHour / kMinute, 2) + ":" +
                     Padded(clock % kMinute / kSecond, 2);
  if (clock % kSecond != 0) {
    text += "." + Padded(clock % kSecond, 3);
  }
  return text + "Z";
}

Result<Time> ParseTime(std::string_view text) {
  const auto date = TakeDate(text);
  if (!date || !Take(text, "T")) {
    return NoTime();
  }
  const auto clock = TakeClock(text);
  if (!clock) {
    return NoTime();
  }
  const auto offset = TakeOffset(text);
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(date->year)),
                                        std::chrono::month(static_cast<unsigned>(date->month)),
                                        std::chrono::day(static_cast<unsigned>(date->day))};
  if (!offset || !text.empty() || !day.ok()) {
    return NoTime();
  }
  return Time{std::chrono::sys_days{day}} + *clock - *offset;
}

std::string FormatQuantity(Quantity amount) {
  for (const Suffix& suffix : kSuffixes) {
    const bool fits = suffix.milli <= 1000 || suffix.binary == amount.binary();
    const bool scales = suffix.milli > 1000 && amount.milli() != 0;
    if (fits && scales && amount.milli() % suffix.milli == 0) {
      return std::to_string(amount.milli() / suffix.milli) + suffix.text;
    }
  }
  return amount.milli() % 1000 == 0 ? std::to_string(amount.milli() / 1000)
                                    : std::to_string(amount.milli()) + "m";
}

Result<Quantity> ParseQuantity(std::string_view text) {
  std::string_view rest = text;
  const bool negative = Take(rest, "-");
  const std::string_view whole = TakeDigits(rest);
  const bool point = Take(rest, ".");
  const std::string_view fraction = point ? TakeDigits(rest) : std::string_view();
  for (const Suffix& suffix : kSuffixes) {
    if (rest != suffix.text) {
      continue;
    }
    const auto milli = Scaled(whole, fraction, suffix.milli);
    if (!milli || (point && fraction.empty()) || *milli > kLargestMilli) {
      break;
    }
    const auto value = static_cast<std::int64_t>(*milli);
    return Quantity::Milli(negative ? -value : value, suffix.binary);
  }
  return Fail(Code::kInvalid, "must be a quantity, such as 500m, 3, 10k or 1Gi, of at most 9e15");
}

}  // namespace slipway::api
