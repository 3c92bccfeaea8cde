#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reconciler/base/result.hpp"

/// Private to this folder: the JSON between a child process and its parent. Both ends are the same build, so what does not fit
/// is a fault of ours; it is still an Error, because a child may have been cut off.
namespace slipway::git::wire {

using Json = nlohmann::json;

/// Parses text that must be one JSON object.
Result<Json> ParseObject(const std::string& text);

/// A member of an object; empty, 0 or false where it is missing or of another type.
std::string Text(const Json& json, const char* key);
std::uint64_t Number(const Json& json, const char* key);
bool Flag(const Json& json, const char* key);
Json Object(const Json& json, const char* key);

/// Bytes that are not UTF-8 (from a remote's message) become U+FFFD rather than an exception.
std::string Dump(const Json& json);

/// An Error of this folder on the wire, and back: its reason and its message.
Json FromError(const Error& error);
Error ToError(const Json& json);

}  // namespace slipway::git::wire
