#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

// Values that travel as text. Every Parse function gives Code::kInvalid with a message that says
// what is allowed; what a Format function prints, the Parse function of the same name reads back as
// an equal value. All of it is pure and thread-safe.
namespace slipway::api {

/// A count such as 3, or a percentage such as 25%. Never negative; a percentage is at most 100.
class IntOrPercent {
 public:
  constexpr IntOrPercent() = default;
  static constexpr IntOrPercent Count(std::int64_t count) { return {count, false}; }
  static constexpr IntOrPercent Percent(std::int64_t percent) { return {percent, true}; }

  bool is_percent() const { return is_percent_; }
  std::int64_t value() const { return value_; }

  /// The count that it means among `total`; a percentage is rounded up (waves) or down (budgets). A
  /// count is returned as it is, also where it is above `total`.
  std::int64_t ResolveUp(std::int64_t total) const;
  std::int64_t ResolveDown(std::int64_t total) const;

  bool operator==(const IntOrPercent&) const = default;

 private:
  constexpr IntOrPercent(std::int64_t value, bool is_percent)
      : value_(value), is_percent_(is_percent) {}

  std::int64_t value_ = 0;
  bool is_percent_ = false;
};

/// "3" or "25%".
std::string FormatIntOrPercent(IntOrPercent value);
Result<IntOrPercent> ParseIntOrPercent(std::string_view text);

/// "1m30s", "250ms", "0s". Reads any sequence of numbers with the units h, m, s, ms, also with a
/// fraction ("1.5h"); what is finer than a millisecond is rounded up. At most 100 years; `length`
/// must not be negative.
std::string FormatDuration(Duration length);
Result<Duration> ParseDuration(std::string_view text);

/// RFC 3339 in UTC, "2026-11-24T02:15:00Z", with milliseconds only where there are some. Reads
/// offsets too, and drops what is finer than a millisecond.
std::string FormatTime(Time time);
Result<Time> ParseTime(std::string_view text);

/// An amount as Kubernetes writes it: "500m", "3", "10k", "1Gi". Exact to a thousandth; at most
/// 9e15.
class Quantity {
 public:
  constexpr Quantity() = default;
  static constexpr Quantity Milli(std::int64_t milli, bool binary = false) {
    return {milli, binary};
  }

  /// The amount in thousandths.
  std::int64_t milli() const { return milli_; }
  /// Whether it is printed with Ki, Mi, Gi … instead of k, M, G ….
  bool binary() const { return binary_; }

  bool operator==(const Quantity&) const = default;

 private:
  constexpr Quantity(std::int64_t milli, bool binary) : milli_(milli), binary_(binary) {}

  std::int64_t milli_ = 0;
  bool binary_ = false;
};

/// The shortest exact form, "1Gi" for "1024Mi", "1500m" for "1.5".
std::string FormatQuantity(Quantity amount);
Result<Quantity> ParseQuantity(std::string_view text);

}  // namespace slipway::api
