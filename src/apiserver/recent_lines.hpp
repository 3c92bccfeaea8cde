#pragma once

#include <cstddef>
#include <deque>

#include "src/apiserver/registry/registry.hpp"
#include "src/http/exchange.hpp"

namespace slipway::apiserver {

/// The newest changes as watches send them: of a thousand watches that see the same change one writes it out. On the home thread.
class RecentLines {
 public:
  /// The change, as ShowChange shows it where nobody wants a Table.
  http::Chunk LineOf(const objects::KindInfo& kind, const ObjectWatch::Change& change);

 private:
  struct Line {
    store::Revision revision;  ///< with `type` it tells changes apart
    ObjectWatch::Type type;
    http::Chunk chunk;
  };

  std::deque<Line> lines_;  ///< the newest last
  std::size_t bytes_ = 0;
};

}  // namespace slipway::apiserver
