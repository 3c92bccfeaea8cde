#include "src/objects/go_json_syntax.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace slipway::objects {
namespace {

constexpr const char* kCutOff = "unexpected end of JSON input";

/// A byte as Go shows it, which takes it for a letter of Latin 1.
std::string Shown(char letter) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v";
  constexpr std::string_view kNames = "abfnrtv";
  const auto byte = static_cast<unsigned char>(letter);
  const std::size_t named = kNamed.find(letter);
  if (letter == '\'' || letter == '\\') {
    return {'\'', '\\', letter, '\''};
  }
  if (named != std::string_view::npos) {
    return {'\'', '\\', kNames[named], '\''};
  }
  if (byte < ' ' || byte == 0x7F) {
    return {'\'', '\\', 'x', kHex[byte >> 4U], kHex[byte & 15U], '\''};
  }
  if (byte < 0x7F) {
    return {'\'', letter, '\''};
  }
  if (byte <= 0xA0 || byte == 0xAD) {
    return {'\'', '\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 15U], '\''};
  }
  return {'\'', static_cast<char>(0xC0U | (byte >> 6U)), static_cast<char>(0x80U | (byte & 0x3FU)),
          '\''};
}

/// Goes through a text as Go does. Behind its end comes one space, which ends what is open.
class SyntaxCheck {
 public:
  explicit SyntaxCheck(std::string_view text) : text_(text) {}

  std::string Run() {
    while (fault_.empty()) {
      while (at_ < text_.size() && IsSpace(text_[at_])) {
        ++at_;
      }
      if (at_ >= text_.size()) {
        return expected_ == Expected::kNothing && open_.empty() ? "" : kCutOff;
      }
      Step(text_[at_++]);
    }
    return fault_;
  }

 private:
  enum class Expected : std::uint8_t { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kNothing };

  static bool IsSpace(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
  }

  static bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }

  void Refuse(char letter, const std::string& context) {
    fault_ = "invalid character " + Shown(letter) + " " + context;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : ' '; }

  void Step(char letter) {
    switch (expected_) {
      case Expected::kValueOrEnd:
        if (letter == ']') {
          Close();
          return;
        }
        Value(letter);
        return;
      case Expected::kValue:
        Value(letter);
        return;
      case Expected::kKeyOrEnd:
        if (letter == '}') {
          Close();
          return;
        }
        Key(letter);
        return;
      case Expected::kKey:
        Key(letter);
        return;
      case Expected::kColon:
        expected_ = Expected::kValue;
        if (letter != ':') {
          Refuse(letter, "after object key");
        }
        return;
      case Expected::kNothing:
        AfterValue(letter);
        return;
    }
  }

  void Close() {
    open_.pop_back();
    expected_ = Expected::kNothing;
  }

  void Value(char letter) {
    expected_ = Expected::kNothing;
    if (letter == '{' || letter == '[') {
      open_.push_back(letter);
      expected_ = letter == '{' ? Expected::kKeyOrEnd : Expected::kValueOrEnd;
    } else if (letter == '"') {
      Text();
    } else if (letter == '-' || IsDigit(letter)) {
      Number(letter);
    } else if (letter == 't') {
      Literal("true");
    } else if (letter == 'f') {
      Literal("false");
    } else if (letter == 'n') {
      Literal("null");
    } else {
      Refuse(letter, "looking for beginning of value");
    }
  }

  void Key(char letter) {
    expected_ = Expected::kColon;
    if (letter == '"') {
      Text();
    } else {
      Refuse(letter, "looking for beginning of object key string");
    }
  }

  void AfterValue(char letter) {
    if (open_.empty()) {
      Refuse(letter, "after top-level value");
    } else if (letter == ',') {
      expected_ = open_.back() == '{' ? Expected::kKey : Expected::kValue;
    } else if (letter == (open_.back() == '{' ? '}' : ']')) {
      Close();
    } else {
      Refuse(letter, open_.back() == '{' ? "after object key:value pair" : "after array element");
    }
  }

  /// The first letter of `word` has been read.
  void Literal(std::string_view word) {
    for (const char wanted : word.substr(1)) {
      const char letter = Peek();
      if (letter != wanted) {
        Refuse(letter, "in literal " + std::string(word) + " (expecting '" + wanted + "')");
        return;
      }
      ++at_;
    }
  }

  void Text() {
    while (at_ < text_.size()) {
      const char letter = text_[at_++];
      if (letter == '"') {
        return;
      }
      if (letter == '\\') {
        Escape();
        if (!fault_.empty()) {
          return;
        }
      } else if (static_cast<unsigned char>(letter) < ' ') {
        Refuse(letter, "in string literal");
        return;
      }
    }
    fault_ = kCutOff;
  }

  void Escape() {
    constexpr std::string_view kEscapes = "bfnrt\\/\"u";
    constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
    const char letter = Peek();
    if (kEscapes.find(letter) == std::string_view::npos) {
      Refuse(letter, "in string escape code");
      return;
    }
    ++at_;
    for (int digit = 0; letter == 'u' && digit < 4; ++digit) {
      if (kHexDigits.find(Peek()) == std::string_view::npos) {
        Refuse(Peek(), "in \\u hexadecimal character escape");
        return;
      }
      ++at_;
    }
  }

  void Number(char first) {
    if (first == '-') {
      if (!Digit("in numeric literal")) {
        return;
      }
      first = text_[at_ - 1];
    }
    if (first != '0') {
      Digits();
    }
    if (Peek() == '.') {
      ++at_;
      if (!Digit("after decimal point in numeric literal")) {
        return;
      }
      Digits();
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') {
        ++at_;
      }
      if (Digit("in exponent of numeric literal")) {
        Digits();
      }
    }
  }

  bool Digit(const char* context) {
    if (!IsDigit(Peek())) {
      Refuse(Peek(), context);
      return false;
    }
    ++at_;
    return true;
  }

  void Digits() {
    while (IsDigit(Peek())) {
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Expected expected_ = Expected::kValue;
  std::vector<char> open_;
  std::string fault_;
};

}  // namespace

std::string JsonSyntaxFault(std::string_view text) { return SyntaxCheck(text).Run(); }

}  // namespace slipway::objects
