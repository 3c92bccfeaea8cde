#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/http/exchange.hpp"

// Which forms of an answer a client takes. Pure, thread-safe.
namespace slipway::apiserver {

/// One clause of an Accept header.
struct MediaRange {
  std::string type;     ///< such as "application", or "*"
  std::string subtype;  ///< such as "json", or "*"
  double quality = 1;
  std::map<std::string, std::string> parameters{};  ///< `q` apart

  /// Whether it covers a media type such as "application/json", parameters apart.
  bool Covers(std::string_view media_type) const;
};

/// The clauses of an Accept header, best first: by quality, what is named before what is meant by a `*`,
/// then as they stand. A clause that makes no sense is left out. An empty header accepts anything.
std::vector<MediaRange> ParseAccept(std::string_view header);

/// The first of `offered` that the best clause covers; nullopt where none is acceptable.
std::optional<std::string> Negotiate(std::string_view accept,
                                     std::span<const std::string_view> offered);

/// The answer to a request for an object or a list in a form that is not spoken here: 406, in
/// Kubernetes' words. nullopt where JSON will do.
std::optional<http::Response> NotAcceptable(const http::RequestHead& head);

}  // namespace slipway::apiserver
