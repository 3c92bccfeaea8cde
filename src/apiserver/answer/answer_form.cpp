#include "src/apiserver/answer/answer_form.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "src/apiserver/request/request_options.hpp"

namespace slipway::apiserver {
namespace {

/// Smaller ones cost more time than they save; kube-apiserver draws the line here too.
constexpr std::size_t kWorthPacking = 128 << 10;
/// The fastest, which is within a tenth of the best for lists of objects.
constexpr int kLevel = 1;
constexpr int kWindowBitsGzip = 15 + 16;
constexpr int kMemoryLevel = 8;

bool TakesGzip(const http::RequestHead& head) {
  std::string offered = head.Header("accept-encoding");
  std::erase(offered, ' ');
  offered = "," + offered + ",";
  return offered.find(",gzip,") != std::string::npos;
}

/// nullopt: zlib has no memory for it.
std::optional<std::string> Gzip(const std::string& plain) {
  z_stream stream{};
  if (plain.size() > std::numeric_limits<uInt>::max() ||
      deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBitsGzip, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // it only reads
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(std::min<std::size_t>(packed.size(), UINT_MAX));
  const int ended = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  packed.shrink_to_fit();
  return ended == Z_STREAM_END ? std::optional(std::move(packed)) : std::nullopt;
}

/// Copies JSON text token by token.
class Liner {
 public:
  explicit Liner(std::string_view text) : json_(text) {}

  std::string Run() {
    while (at_ < json_.size()) {
      Take();
    }
    return std::move(out_);
  }

 private:
  void Take() {
    const char letter = json_[at_];
    if (letter == '"') {
      TakeText();
      return;
    }
    ++at_;
    switch (letter) {
      case '{':
      case '[':
        Open(letter);
        break;
      case '}':
      case ']':
        depth_ -= depth_ > 0 ? 1 : 0;
        NewLine();
        out_ += letter;
        break;
      case ',':
        out_ += letter;
        NewLine();
        break;
      case ':':
        out_ += ": ";
        break;
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        break;
      default:
        out_ += letter;
    }
  }

  void TakeText() {
    const std::size_t begin = at_++;
    while (at_ < json_.size() && json_[at_] != '"') {
      at_ += json_[at_] == '\\' ? 2 : 1;
    }
    at_ = std::min(at_ + 1, json_.size());
    out_ += json_.substr(begin, at_ - begin);
  }

  void Open(char letter) {
    out_ += letter;
    const std::size_t next = json_.find_first_not_of(" \t\r\n", at_);
    if (next != std::string_view::npos && (json_[next] == '}' || json_[next] == ']')) {
      out_ += json_[next];
      at_ = next + 1;
      return;
    }
    ++depth_;
    NewLine();
  }

  void NewLine() { out_.append(1, '\n').append(2 * depth_, ' '); }

  std::string_view json_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

bool WantsLines(const http::RequestHead& head) {
  if (!head.Query("pretty").empty()) {
    return IsTrue(head, "pretty");
  }
  static constexpr std::array<std::string_view, 3> kReadByPeople = {"curl", "Wget", "Mozilla/5.0"};
  const std::string agent = head.Header("user-agent");
  return std::any_of(kReadByPeople.begin(), kReadByPeople.end(),
                     [&](std::string_view name) { return agent.starts_with(name); });
}

std::string WithLines(std::string_view json) { return Liner(json).Run(); }

void Pack(const http::RequestHead& head, http::Response& response) {
  if (response.body.size() <= kWorthPacking || !TakesGzip(head)) {
    return;
  }
  if (auto packed = Gzip(response.body)) {
    response.body = std::move(*packed);
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.headers.emplace_back("Vary", "Accept-Encoding");
  }
}

}  // namespace slipway::apiserver
