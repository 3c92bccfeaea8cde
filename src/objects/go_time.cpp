#include "src/objects/go_time.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace slipway::objects {
namespace {

bool IsDigit(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

bool IsPoint(char letter) { return letter == '.' || letter == ','; }

/// As Go quotes in messages about times.
std::string TimeQuoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      quoted += {'\\', letter};
    } else if (byte < ' ' || byte >= 0x80) {
      quoted += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      quoted += letter;
    }
  }
  return quoted + "\"";
}

int DaysOf(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays.at(static_cast<std::size_t>(month - 1));
}

/// Reads a time part by part, in the order of the layout; the first fault stays.
class TimeReader {
 public:
  TimeReader(std::string_view text, bool micro) : text_(text), rest_(text), micro_(micro) {}

  std::string Run() {
    const int year = Year();
    Skip("-");
    const int month = Number("01", 1, 12, "month");
    Skip("-");
    const int day = Number("02", 0, 99, "");
    Skip("T");
    Hour();
    Skip(":");
    Number("04", 0, 59, "minute");
    Skip(":");
    Number("05", 0, 59, "second");
    Fraction();
    Zone();
    if (fault_.empty() && !rest_.empty()) {
      fault_ = Prefix() + ": extra text: " + TimeQuoted(rest_);
    }
    if (fault_.empty() && (day < 1 || day > DaysOf(year, month))) {
      Range("day");
    }
    return std::move(fault_);
  }

 private:
  std::string Prefix() const { return "parsing time " + TimeQuoted(text_); }

  void Misfit(std::string_view held, std::string_view part) {
    if (fault_.empty()) {
      fault_ = Prefix() + " as \"2006-01-02T15:04:05" + (micro_ ? ".000000" : "") +
               "Z07:00\": cannot parse " + TimeQuoted(held) + " as " + TimeQuoted(part);
    }
  }

  void Range(const char* what) {
    if (fault_.empty()) {
      fault_ = Prefix() + ": " + what + " out of range";
    }
  }

  void Skip(std::string_view part) {
    if (!rest_.starts_with(part)) {
      Misfit(rest_, part);
      return;
    }
    rest_.remove_prefix(part.size());
  }

  /// So many digits; 0 where they are not there.
  int Digits(std::size_t count, std::string_view part) {
    const std::string_view held = rest_;
    int number = 0;
    for (std::size_t at = 0; at < count; ++at) {
      if (!IsDigit(held, at)) {
        Misfit(held, part);
        return 0;
      }
      number = number * 10 + (held[at] - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }

  int Year() { return Digits(4, "2006"); }

  int Number(std::string_view part, int least, int most, const char* what) {
    const int number = Digits(2, part);
    if (number < least || number > most) {
      Range(what);
    }
    return fault_.empty() ? number : least;
  }

  /// Go takes one digit, too.
  void Hour() {
    if (IsDigit(rest_, 0) && !IsDigit(rest_, 1)) {
      rest_.remove_prefix(1);
      return;
    }
    Number("15", 0, 23, "hour");
  }

  void Fraction() {
    constexpr std::size_t kMicroDigits = 6;
    if (micro_) {
      const std::string_view held = rest_;
      if (held.empty() || !IsPoint(held[0])) {
        Misfit(held, ".000000");
        return;
      }
      for (std::size_t at = 1; at <= kMicroDigits; ++at) {
        if (!IsDigit(held, at)) {
          Misfit(held, ".000000");
          return;
        }
      }
      rest_.remove_prefix(kMicroDigits + 1);
      return;
    }
    if (rest_.size() < 2 || !IsPoint(rest_[0]) || !IsDigit(rest_, 1)) {
      return;
    }
    std::size_t end = 1;
    while (IsDigit(rest_, end)) {
      ++end;
    }
    rest_.remove_prefix(end);
  }

  void Zone() {
    constexpr std::string_view kPart = "Z07:00";
    const std::string_view held = rest_;
    if (held.starts_with('Z')) {
      rest_.remove_prefix(1);
      return;
    }
    const bool shaped = held.size() >= kPart.size() && held[3] == ':' && IsDigit(held, 1) &&
                        IsDigit(held, 2) && IsDigit(held, 4) && IsDigit(held, 5);
    if (!shaped || (held[0] != '+' && held[0] != '-')) {
      Misfit(held, kPart);
      return;
    }
    const auto pair = [&](std::size_t at) { return (held[at] - '0') * 10 + (held[at + 1] - '0'); };
    if (pair(1) > 24) {
      Range("time zone offset hour");
    } else if (pair(4) > 60) {
      Range("time zone offset minute");
    }
    rest_.remove_prefix(kPart.size());
  }

  std::string_view text_;
  std::string_view rest_;
  bool micro_;
  std::string fault_;
};

}  // namespace

std::string TimeFault(std::string_view text, bool micro) { return TimeReader(text, micro).Run(); }

}  // namespace slipway::objects
