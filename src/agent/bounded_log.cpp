#include "src/agent/bounded_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace slipway::agent {

std::string AnsiStripper::Feed(std::string_view piece) {
  constexpr char kEscapeCharacter = '\x1b';
  std::string text;
  text.reserve(piece.size());
  for (const char character : piece) {
    const auto byte = static_cast<unsigned char>(character);
    switch (state_) {
      case State::kText:
        if (character == kEscapeCharacter) {
          state_ = State::kEscape;
        } else if (byte >= 0x20 ? byte != 0x7f : (character == '\n' || character == '\t')) {
          text += character;
        }
        break;
      case State::kEscape:
        if (character == '[') {
          state_ = State::kSequence;
        } else if (character == ']' || character == 'P' || character == '_' || character == '^') {
          state_ = State::kString;
        } else if (byte < 0x20 || byte > 0x2f) {  // after intermediate bytes comes the final one
          state_ = State::kText;
        }
        break;
      case State::kSequence:
        if (byte >= 0x40 && byte <= 0x7e) {
          state_ = State::kText;
        }
        break;
      case State::kString:
        if (character == '\a' || character == '\n') {
          state_ = State::kText;
        } else if (character == kEscapeCharacter) {
          state_ = State::kStringEscape;
        }
        break;
      case State::kStringEscape:
        state_ = State::kText;
        break;
    }
  }
  return text;
}

HeadAndTail::HeadAndTail(std::size_t head_bytes, std::size_t tail_bytes)
    : head_bytes_(head_bytes), tail_bytes_(tail_bytes) {}

void HeadAndTail::Write(std::string_view data) {
  const std::size_t to_head = std::min(data.size(), head_bytes_ - head_.size());
  head_.append(data.substr(0, to_head));
  data.remove_prefix(to_head);
  tail_.append(data);
  if (tail_.size() > 2 * tail_bytes_) {
    const std::size_t drop = tail_.size() - tail_bytes_;
    tail_.erase(0, drop);
    left_out_ += drop;
  }
}

std::string HeadAndTail::Text() const {
  if (left_out_ == 0) {
    return head_ + tail_;
  }
  return head_ + "\n[" + std::to_string(left_out_) + " bytes left out]\n" + tail_;
}

std::string HeadAndTail::Tail(std::size_t max_bytes) const {
  const std::string text = left_out_ == 0 ? head_ + tail_ : tail_;
  if (text.size() <= max_bytes) {
    return text;
  }
  const std::string tail = text.substr(text.size() - max_bytes);
  const std::size_t line = tail.find('\n');
  return line == std::string::npos ? tail : tail.substr(line + 1);
}

RotatedLog::RotatedLog(std::string path, std::uint64_t max_bytes)
    : path_(std::move(path)), max_bytes_(max_bytes) {
  Open();
}

void RotatedLog::Open() {
  file_ = Descriptor(
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  struct stat info {};
  size_ = file_.open() && ::fstat(file_.get(), &info) == 0
              ? static_cast<std::uint64_t>(info.st_size)
              : 0;
}

void RotatedLog::Write(std::string_view data) {
  if (size_ + data.size() > max_bytes_ && size_ > 0) {
    file_.Close();
    ::rename(path_.c_str(), (path_ + ".1").c_str());
    Open();
  }
  while (!data.empty() && file_.open()) {
    const ssize_t written = ::write(file_.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return;
    }
    size_ += static_cast<std::uint64_t>(written);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace slipway::agent
