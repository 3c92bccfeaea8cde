#pragma once

#include <string>
#include <string_view>

#include "src/http/exchange.hpp"

// How the bytes of an answer are put for who asked. Pure, thread-safe.
namespace slipway::apiserver {

/// Whether JSON shall have lines and indents: where `pretty` says so, or where it says nothing and people
/// are likely to read it (curl, wget, a browser).
bool WantsLines(const http::RequestHead& head);

/// JSON text with a line for each value and two spaces for each level. What is no JSON stays readable, no more.
std::string WithLines(std::string_view json);

/// Packs a body that is large enough to be worth it, where the client takes gzip, and says so in the headers.
void Pack(const http::RequestHead& head, http::Response& response);

}  // namespace slipway::apiserver
