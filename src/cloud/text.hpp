#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cloud {

/// A to Z in lower case; all other bytes as they are.
std::string LowerCase(std::string_view text);

/// Without spaces, tabs and ends of lines around it.
std::string_view Trimmed(std::string_view text);

/// %XX for all but the unreserved characters of RFC 3986 and those in `kept`; upper-case digits, as AWS signs it.
std::string Escape(std::string_view text, std::string_view kept = "");

/// application/x-www-form-urlencoded.
std::string FormOf(const std::map<std::string, std::string>& fields);

/// Whether it can stand in an object: UTF-8 without control characters.
bool IsText(std::string_view text);

/// What somebody else wrote, fit for a message: without those of `secrets` that are not empty, without control characters, and cut at
/// 800 bytes; of one that is no UTF-8, bytes beyond ASCII are ?. A secret that was changed on its way (escaped, cut) is not found: give this nothing that should hold one.
std::string Quoted(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace slipway::cloud
