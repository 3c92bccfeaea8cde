#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/agent/files.hpp"

namespace slipway::agent {

/// Takes terminal sequences (colours, titles, cursor movements) and control characters other than
/// newline and tab out of a stream that comes in pieces. A carriage return becomes nothing.
/// Bounded: remembers at most a state.
class AnsiStripper {
 public:
  std::string Feed(std::string_view piece);

 private:
  enum class State : std::uint8_t { kText, kEscape, kSequence, kString, kStringEscape };
  State state_ = State::kText;
};

/// Keeps the beginning and the end of what is written to it, and how much was left out between.
class HeadAndTail {
 public:
  HeadAndTail(std::size_t head_bytes, std::size_t tail_bytes);

  void Write(std::string_view data);

  /// All of it, or the beginning, a line that says how many bytes were left out, and the end.
  std::string Text() const;

  /// At most the last `max_bytes`, beginning with a whole line where something was left out.
  std::string Tail(std::size_t max_bytes) const;

 private:
  std::size_t head_bytes_;
  std::size_t tail_bytes_;
  std::string head_;
  std::string tail_;  ///< may hold up to twice tail_bytes_
  std::uint64_t left_out_ = 0;
};

/// A log file that is at most `max_bytes` long, with one older one beside it ("<path>.1").
class RotatedLog {
 public:
  RotatedLog(std::string path, std::uint64_t max_bytes);

  /// Appends. What cannot be written (a full disk) is lost, and nothing else happens.
  void Write(std::string_view data);

 private:
  void Open();

  std::string path_;
  std::uint64_t max_bytes_;
  std::uint64_t size_ = 0;
  Descriptor file_;
};

}  // namespace slipway::agent
