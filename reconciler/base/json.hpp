#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace slipway {

/// The tree of a JSON text; a discarded value (`is_discarded()`, and neither object nor list) where it
/// is no JSON. For what we or a server of ours wrote; what people write goes through
/// objects::ParseJson, which says where it is wrong. Here once, because each file that instantiates
/// the library's parser compiles a second longer. Thread-safe, as is PrintJson.
nlohmann::json ReadJson(std::string_view text);

/// Text on one line, keys sorted. Bytes that are no UTF-8 become U+FFFD.
std::string PrintJson(const nlohmann::json& tree);

}  // namespace slipway
