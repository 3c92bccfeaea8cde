#include "src/apiserver/answer/answer_form.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

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

}  // namespace

struct Packer::Stream {
  z_stream z{};
  bool good = false;
  std::array<Bytef, 64 << 10> room{};
};

Packer::Packer() : stream_(std::make_unique<Stream>()) {
  stream_->good = deflateInit2(&stream_->z, kLevel, Z_DEFLATED, kWindowBitsGzip, kMemoryLevel,
                               Z_DEFAULT_STRATEGY) == Z_OK;
}

Packer::~Packer() {
  if (stream_->good) {
    deflateEnd(&stream_->z);
  }
}

std::optional<std::string> Packer::Take(std::string_view plain, bool last) {
  z_stream& z = stream_->z;
  if (!stream_->good || plain.size() > std::numeric_limits<uInt>::max()) {
    return std::nullopt;
  }
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // it only reads
  z.avail_in = static_cast<uInt>(plain.size());
  std::string packed;
  int ended = Z_OK;
  do {
    z.next_out = stream_->room.data();
    z.avail_out = static_cast<uInt>(stream_->room.size());
    ended = deflate(&z, last ? Z_FINISH : Z_NO_FLUSH);
    packed.append(reinterpret_cast<const char*>(stream_->room.data()),
                  stream_->room.size() - z.avail_out);
  } while (ended == Z_OK && z.avail_out == 0);
  // Where nothing is left to do, zlib speaks of Z_BUF_ERROR.
  const bool good = last ? ended == Z_STREAM_END : ended == Z_OK || ended == Z_BUF_ERROR;
  return good ? std::optional(std::move(packed)) : std::nullopt;
}

std::string Lines::Take(std::string_view json) {
  json_ = json;
  at_ = 0;
  out_.reserve(json.size() + json.size() / 4);
  while (at_ < json_.size()) {
    TakeToken();
  }
  return std::exchange(out_, {});
}

void Lines::TakeToken() {
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

void Lines::TakeText() {
  const std::size_t begin = at_++;
  for (;;) {
    const std::size_t quote = std::min(json_.find('"', at_), json_.size());
    std::size_t slashes = 0;
    while (slashes < quote - at_ && json_[quote - 1 - slashes] == '\\') {
      ++slashes;
    }
    at_ = std::min(quote + 1, json_.size());
    if (slashes % 2 == 0 || at_ == json_.size()) {
      break;
    }
  }
  out_ += json_.substr(begin, at_ - begin);
}

void Lines::Open(char letter) {
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

void Lines::NewLine() { out_.append(1, '\n').append(2 * depth_, ' '); }

bool WantsLines(const http::RequestHead& head) {
  if (!head.Query("pretty").empty()) {
    return IsTrue(head, "pretty");
  }
  static constexpr std::array<std::string_view, 3> kReadByPeople = {"curl", "Wget", "Mozilla/5.0"};
  const std::string agent = head.Header("user-agent");
  return std::any_of(kReadByPeople.begin(), kReadByPeople.end(),
                     [&](std::string_view name) { return agent.starts_with(name); });
}

std::string WithLines(std::string_view json) { return Lines().Take(json); }

bool IsToBePacked(const http::RequestHead& head, std::size_t bytes) {
  return bytes > kWorthPacking && TakesGzip(head);
}

void SayPacked(http::Response& response) {
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.headers.emplace_back("Vary", "Accept-Encoding");
}

void Pack(const http::RequestHead& head, http::Response& response) {
  if (!IsToBePacked(head, response.body.size())) {
    return;
  }
  if (auto packed = Packer().Take(response.body, /*last=*/true)) {
    response.body = std::move(*packed);
    SayPacked(response);
  }
}

}  // namespace slipway::apiserver
