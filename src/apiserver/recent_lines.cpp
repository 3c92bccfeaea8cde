#include "src/apiserver/recent_lines.hpp"

#include <algorithm>
#include <chrono>

#include "src/apiserver/answer/presentation.hpp"

namespace slipway::apiserver {
namespace {

constexpr std::size_t kMostLines = 64;
constexpr std::size_t kMostBytes = 1 << 20;

}  // namespace

http::Chunk RecentLines::LineOf(const objects::KindInfo& kind, const ObjectWatch::Change& change) {
  const auto known = std::find_if(lines_.rbegin(), lines_.rend(), [&](const Line& line) {
    return line.revision == change.object.revision() && line.type == change.type;
  });
  if (known != lines_.rend()) {
    return known->chunk;
  }
  const http::Chunk chunk(ShowChange(kind, change, Form(), Time(), false).value());
  lines_.push_back({change.object.revision(), change.type, chunk});
  bytes_ += chunk.framed()->size();
  while (lines_.size() > kMostLines || bytes_ > kMostBytes) {
    bytes_ -= lines_.front().chunk.framed()->size();
    lines_.pop_front();
  }
  return chunk;
}

}  // namespace slipway::apiserver
